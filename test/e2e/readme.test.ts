/** The README's transcript, typed as it stands (ports and the path of the command aside), prints what it says. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { commandPath, startServer } from '../support/server.ts';
import { toolsMissing } from '../support/tools.ts';

interface Step {
  readonly command: string;
  readonly printed: string;
}

function transcriptOf(readme: string): Step[] {
  const block = /<!-- transcript[^>]*-->\n```console\n([^]*?)```/.exec(readme)?.[1];
  if (block === undefined) throw new Error('README.md has no transcript');
  return block
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command, ...printed] = part.split('\n');
      return { command: command!, printed: printed.join('\n') };
    });
}

it('the README transcript prints what the README says', async () => {
  if (toolsMissing('curl', 'dig', 'jq')) return;
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const steps = transcriptOf(readme);
  expect(steps.length).toBeGreaterThan(2);
  await using server = await startServer();
  for (const { command, printed } of steps) {
    const here = command
      .replaceAll('http://127.0.0.1:8054', server.url)
      .replaceAll('-p 8053', `-p ${server.dnsPort}`)
      .replaceAll('npx signpost', `'${process.execPath}' '${commandPath}'`);
    const { stdout } = await promisify(execFile)('bash', ['-c', here], {
      env: { ...process.env, SIGNPOST_URL: server.url, SIGNPOST_DNS: server.dns },
    });
    expect(stdout, command).toBe(printed);
  }
});
