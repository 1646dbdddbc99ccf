/** The command line against the website of a test, as who runs the machine has it. */
import { labplan } from '../../scripts/labplan.ts'

type Site = { home: string; origin: string }
type Means = { env?: Record<string, string>; now?: () => Date }

export type Said = {
  code: number
  /** Both outputs, in the order in which they came. */
  lines: string[]
  text: string
  /** The same with the lines of stderr marked, and the exit code. */
  marked: string
}

/** What the command line is told: where the api of a website listens, and the home with its token. */
export const commandLineEnv = ({ home, origin }: Site): Record<string, string> => ({
  LABPLAN_HOME: home,
  LABPLAN_API_URL: `http://127.0.0.1:${new URL(origin).port}`,
})

export async function runCommand(site: Site, argv: string[], means: Means = {}): Promise<Said> {
  const heard: { line: string; mark: string }[] = []
  const hear = (mark: string) => (said: string) =>
    void heard.push(...said.split('\n').map((line) => ({ line, mark })))
  const env = { ...commandLineEnv(site), ...means.env }
  const code = await labplan(argv, { print: hear(''), complain: hear('! ') }, env, means.now)
  const lines = heard.map(({ line }) => line)
  const marked = [...heard.map(({ line, mark }) => mark + line), `exit ${code}`].join('\n')
  return { code, lines, text: lines.join('\n'), marked }
}

/** What `labplan pool show` prints. */
export const poolShown = async (site: Site, pool: string): Promise<string> =>
  (await runCommand(site, ['pool', 'show', pool])).text
