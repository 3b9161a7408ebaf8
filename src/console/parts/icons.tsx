const paths = {
  orders: 'M5 4h14v16l-3-2-2 2-2-2-2 2-2-2-3 2zM9 9h6M9 13h6',
  today: 'M5 5h14v15H5zM5 10h14M9 3v4M15 3v4M9 15l2 2 4-4',
  exceptions: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.4v.1',
  inventory: 'm12 3 8 4.4v9.2L12 21l-8-4.4V7.4zM4 7.4l8 4.6 8-4.6M12 12v9',
  listings: 'M4 12V5h7l9 9-7 7zM8 8.9v.1',
  channels: 'M9 7V3M15 7V3M6 7h12v4a6 6 0 0 1-12 0zM12 17v4',
  status: 'M3 12h4l3-7 4 14 3-7h4',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  back: 'm14 6-6 6 6 6',
  next: 'm10 6 6 6-6 6',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  warn: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.4v.1',
  wait: 'M7 3h10M7 21h10M8 3c0 5 4 6 4 9s-4 4-4 9M16 3c0 5-4 6-4 9s4 4 4 9',
  send: 'M4 12h15M13 6l6 6-6 6',
  box: 'M4 7h16v13H4zM4 7l2-3h12l2 3M10 11h4',
  half: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 4v16M12 8h6M12 12h8M12 16h6',
  telling: 'M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4',
  check: 'm4 12.5 5.5 5.5L20 6.5',
  cross: 'M6 6l12 12M18 6 6 18',
  clock: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.5l3 2',
  up: 'M12 20V5M6 11l6-6 6 6',
  question: 'M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .6-1.5 1.2-1.5 2.3M12 18v.1',
  pause: 'M9 5v14M15 5v14',
  none: 'M7 12h10',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  warehouse: 'M3 20V9l9-5 9 5v11M7 20v-8h10v8M7 16h10',
  user: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6',
} as const
export type IconName = keyof typeof paths

/** One line, one weight; the word beside it carries the meaning. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  )
}
