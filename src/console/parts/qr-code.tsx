import { qrModules } from './qr.ts'

/** Dark on light in both schemes, with the four empty modules around it that readers ask for (ISO 18004). */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const rows = qrModules(text)
  const size = rows.length + 8
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join('')
  return (
    <svg role="img" aria-label={label} className="qr-code" viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}
