/** What a small installation on one machine wants; PostgreSQL's own defaults otherwise. */
const small = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // a socket's path may have 107 bytes; the port has no such limit
  shared_buffers: '128MB',
  effective_cache_size: '512MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off', // our statements run for a millisecond; compiling one takes tens
  // Young tables grow from nothing to thousands of rows in a minute; plans must not rest on empty statistics.
  autovacuum_naptime: '5s',
  autovacuum_analyze_scale_factor: '0.02',
  autovacuum_vacuum_scale_factor: '0.05',
  synchronous_commit: 'on',
  fsync: 'on',
  logging_collector: 'off',
  log_min_messages: 'warning',
  // A failing statement is not written to the log: its literals may be somebody's name.
  log_min_error_statement: 'panic',
  log_parameter_max_length: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
} as const

/** For clusters that are thrown away: nothing survives the machine's crash, everything survives the server's. */
const unsafe = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
}

export interface ServerSettings {
  readonly unsafeFast?: boolean | undefined
  readonly maxConnections?: number | undefined
  readonly settings?: Readonly<Record<string, string>> | undefined
}

/** The server's command line after its data directory. */
export function serverArguments(port: number, options: ServerSettings): string[] {
  const settings: Record<string, string> = {
    ...small,
    ...(options.unsafeFast ? unsafe : {}),
    max_connections: String(options.maxConnections ?? 100),
    ...options.settings,
    port: String(port),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
