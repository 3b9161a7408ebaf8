import { defineConnector } from '#kit'
import { limits } from './contract.ts'
import { decode } from './decode.ts'
import { encode } from './encode.ts'
import { probe } from './probe.ts'
import { findFile, putFile } from './put-file.ts'
import { Credentials, Settings } from './settings.ts'
import { archiveFile, getFile, listFiles } from './take-files.ts'

/** A 3PL that exchanges CSV files over SFTP, by the contract in contract.ts. */
export const connector = defineConnector<Credentials>({
  manifest: {
    kind: 'warehouse-files',
    title: 'Warehouse by files (CSV over SFTP)',
    role: 'partner',
    auth: { flow: 'ssh-key-or-password', accessTtlS: null, refresh: 'none' },
    push: null,
    orders: null,
    inventory: null,
    shipment: null,
    requests: { batchMax: 200, ackWithinS: 3_600 },
    files: { pollEveryS: 60, stableForS: 60, fileBytesMax: limits.fileBytesMax },
    budgets: [],
  },
  credentials: Credentials,
  settings: Settings,
  auth: { probe },
  files: { encode, decode, put: putFile, find: findFile, list: listFiles, get: getFile, archive: archiveFile },
})
