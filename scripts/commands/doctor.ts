import { type Command } from '../command.ts'
import { type Finding, examine } from '../doctor.ts'
import { readSettings } from '../steps/settings.ts'

const marks: Record<Finding['state'], string> = {
  good: 'ok',
  doubtful: '??',
  bad: '!!',
  unknown: '--',
}

export const command: Command = {
  summary: 'Check every part Labplan stands on, and say what to do',
  help: `
Works with Labplan stopped, too. Exit code 1 when something is bad ("!!");
what is only doubtful ("??") leaves it at 0. "--" was not looked at, because
what it stands on is not there.`,
  async run({ print, json }) {
    const findings = await examine(readSettings())
    if (json) print(JSON.stringify({ findings }))
    else
      for (const { part, state, says, todo } of findings) {
        print(`${marks[state]}  ${part.padEnd(21)} ${says}`)
        if (todo) print(`${' '.repeat(26)}→ ${todo}`)
      }
    return findings.some((finding) => finding.state === 'bad') ? 1 : 0
  },
}
