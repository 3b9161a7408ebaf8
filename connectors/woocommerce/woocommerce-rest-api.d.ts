/** The parts of woocommerce-rest-api 1.1.1 (ships without types) that this connector uses. */
declare module 'woocommerce-rest-api' {
  export interface AdapterConfig {
    readonly url?: string
    readonly method?: string
    readonly headers: { toJSON(): Record<string, unknown> }
    readonly data?: unknown
  }
  export interface AdapterResponse {
    readonly status: number
    readonly statusText: string
    readonly headers: Record<string, string | undefined>
    readonly data: string
    readonly config: AdapterConfig
  }
  export class WooCommerceRestApi {
    constructor(options: {
      url: string
      consumerKey: string
      consumerSecret: string
      version: string
      authStrategy: 'basic' | 'query-string'
      userAgent: string
    })
    /** An axios instance; its transport is replaceable through `defaults.adapter`. */
    readonly httpClient: { readonly defaults: { adapter: (config: AdapterConfig) => Promise<AdapterResponse> } }
    request(
      method: string,
      endpoint: string,
      options: { params?: Record<string, string>; data?: unknown },
    ): Promise<{
      readonly data: unknown
      readonly meta: { readonly pagination: { readonly totalPages: number | null } }
    }>
  }
}
