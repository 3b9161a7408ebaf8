export interface Option {
  /** As written: `--placed-from`. */
  readonly name: string
  readonly kind: 'text' | 'number' | 'flag' | 'list' | 'json'
  readonly what: string
  readonly required?: true
}
export type Values = Readonly<Record<string, unknown>>
export interface Command {
  readonly noun: string
  /** Empty: the noun says it all. */
  readonly verb: string
  readonly what: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Under /api/v1. Each `:name` is a word of the command line. */
  readonly path: string
  readonly options?: readonly Option[]
  /** From the options' values to the body, where that is more than their names in camel case. */
  readonly body?: (values: Values) => unknown
  /** The answer is JSONL without end that is handed on as it comes; the kind of its last line, without which it is not whole. */
  readonly lastLine?: string
  /** Columns of a list, for people. */
  readonly columns?: readonly string[]
  /** How the answer reads for people, where that is neither a list nor one thing. */
  readonly print?: (answer: unknown) => string
  /** True: the answer is bad news, and the program ends with 1. */
  readonly failed?: (answer: unknown) => boolean
}

export const text = (name: string, what: string): Option => ({ name, kind: 'text', what })
export const number = (name: string, what: string): Option => ({ name, kind: 'number', what })
export const json = (name: string, what: string): Option => ({ name, kind: 'json', what })
export const flag = (name: string, what: string): Option => ({ name, kind: 'flag', what })
export const must = (option: Option): Option => ({ ...option, required: true })

export const page = [number('limit', 'rows of a page, 1 to 200'), text('after', 'the "next" of the page before')]
export const version = text('version', 'what you read; refused when somebody else was faster')
