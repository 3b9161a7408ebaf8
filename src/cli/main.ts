#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (chunk) => void process.stdout.write(chunk),
  err: (line) => void process.stderr.write(line),
  read: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
})
