/** Loaded before a program (`node --import`): at a signal it fails as a defect of ours would make it fail. */
const kept: unknown[] = []

// A promise that nobody waits for is rejected.
process.on('SIGUSR2', () => void Promise.reject(new Error('a defect')))
// Memory that is never given back.
process.on('SIGWINCH', () => {
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => ({ n })))
})
