import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { runCommand } from './support.ts';

describe('signpost', () => {
  it('names the nearest command when there is none of that name', async () => {
    const line = 'signpost: unknown command regster; did you mean register? (signpost --help lists all)\n';
    expect(await runCommand(['regster', 'web'])).toEqual({ code: 64, stdout: '', stderr: line });
    expect(await runCommand(['help', 'regster'])).toEqual({ code: 64, stdout: '', stderr: line });
  });

  it('prints its version', async () => {
    expect(await runCommand(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  it('prints its help when it is asked, and as an error when nothing is', async () => {
    const { code, stdout } = await runCommand(['--help']);
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot('help/signpost.txt');
    expect(await runCommand([])).toEqual({ code: 64, stdout: '', stderr: stdout });
  });

  it.each(commands.map(({ name }) => name))('prints the help of %s', async (name) => {
    const asked = await runCommand([name, '--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    await expect(asked.stdout).toMatchFileSnapshot(`help/${name}.txt`);
    expect(await runCommand(['help', name])).toEqual(asked);
  });

  it.each(commands)('has an example of $name that its own options allow', ({ name, options, example }) => {
    expect(example).toContain(`signpost ${name}`);
    const used = [...example.matchAll(/\s--([a-z-]+)/g)].map(([, option]) => option!);
    expect(Object.keys(options)).toEqual(expect.arrayContaining(used));
  });
});
