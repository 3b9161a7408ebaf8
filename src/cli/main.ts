#!/usr/bin/env node
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: async (chunk) => {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
  },
  err: (line) => void process.stderr.write(line),
  read: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
})
