/** What `labplan pool show` prints, against the website of a test. */
import { labplan } from '../../scripts/labplan.ts'

export async function poolShown(
  site: { home: string; origin: string },
  pool: string,
): Promise<string> {
  const lines: string[] = []
  const env = {
    LABPLAN_HOME: site.home,
    LABPLAN_API_URL: `http://127.0.0.1:${new URL(site.origin).port}`,
  }
  const say = (line: string) => void lines.push(line)
  await labplan(['pool', 'show', pool], { print: say, complain: say }, env)
  return lines.join('\n')
}
