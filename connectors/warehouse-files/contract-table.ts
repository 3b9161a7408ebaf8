import type { Column, DocumentContract } from './contract.ts'

const needed: Readonly<Record<Column['required'], string>> = {
  value: 'yes',
  header: 'may be empty',
  no: 'may be left out',
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** A document's columns as the Markdown table that README.md shows to partners. */
export function contractTable(contract: DocumentContract): string {
  const head = ['| column | type | needed | at most | meaning |', '| --- | --- | --- | --- | --- |']
  const rows = contract.columns.map(
    (column) =>
      `| \`${column.name}\` | ${column.type} | ${needed[column.required]} | ${column.lengthMax} | ${cell(column.meaning)} |`,
  )
  return [...head, ...rows].join('\n')
}

/** Which other headers the reader takes for a column, one line each. */
export function aliasList(contract: DocumentContract): string {
  return contract.columns
    .filter((column) => column.aliases.length > 0)
    .map((column) => `- \`${column.name}\`: ${column.aliases.map((alias) => `\`${alias}\``).join(', ')}`)
    .join('\n')
}
