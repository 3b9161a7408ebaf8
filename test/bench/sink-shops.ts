/** How the shops of the sink are called, for the process that serves them and for the one that connects them. */
export const tokenOf = (shop: number) => `shpat_bench_${shop}`
export const domainOf = (shop: number) => `bench-${shop}.myshopify.com`
