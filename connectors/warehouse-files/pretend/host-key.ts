import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'

function field(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The same name and seed give the same ed25519 host key, so that a restarted warehouse is recognised. No secret: anyone can make it. */
export function hostKeyFor(name: string, seed: number): { readonly privateKey: string; readonly fingerprint: string } {
  const secret = createHash('sha256').update(`pretend warehouse ${name} ${seed}`).digest()
  // PKCS #8 frame of a bare ed25519 secret (RFC 8410 §7).
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret])
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  const open = key.export({ format: 'der', type: 'spki' }).subarray(-32)
  const publicBlob = Buffer.concat([field('ssh-ed25519'), field(open)])
  // The openssh-key-v1 frame (PROTOCOL.key of OpenSSH), the only one that ssh2 1.17 reads for ed25519.
  const check = secret.subarray(0, 4)
  const inner = Buffer.concat([check, check, publicBlob, field(Buffer.concat([secret, open])), field('pretend')])
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, at) => at + 1))
  const outer = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(publicBlob),
    field(Buffer.concat([inner, padding])),
  ])
  const body = outer.toString('base64').replaceAll(/.{70}/g, '$&\n')
  const frame = (word: string) => `-----${word} OPENSSH PRIVATE KEY-----`
  const fingerprint = createHash('sha256').update(publicBlob).digest('base64').replace(/=+$/, '')
  return { privateKey: `${frame('BEGIN')}\n${body}\n${frame('END')}\n`, fingerprint: `SHA256:${fingerprint}` }
}
