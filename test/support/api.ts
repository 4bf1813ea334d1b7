import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, startCli, until, writeConfig } from './cli.ts';

/** `quarry run` in a process of its own with its server, and people who may ask it. */
export interface ServedApi {
  readonly url: string;
  readonly dir: string;
  readonly running: Running;
  /** What was said on standard error. */
  said(): string;
  /** Asks as somebody; `as` are headers, those of the first administrator by default, {} for nobody. */
  ask(method: string, path: string, options?: Asked): Promise<Response>;
  /** The same, for an answer that is read as JSON and is no error. */
  read<T>(path: string, options?: Asked): Promise<T>;
  /** A user with a token; answers the headers that sign in with it. */
  person(login: string, role: string, tenants: '*' | readonly string[], scopes?: readonly string[]): Promise<Headers>;
  close(): Promise<void>;
}

type Headers = Readonly<Record<string, string>>;
interface Asked {
  readonly as?: Headers | undefined;
  readonly body?: unknown;
  readonly headers?: Headers;
}

const PASSWORD = 'a long pass phrase';

/** `flags` and `env` are those of the command. */
export async function serveApi(
  config: Record<string, unknown>,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServedApi> {
  const dir = await mkdtemp(join(tmpdir(), 'quarry-api-'));
  await writeConfig(dir, { data_dir: './data', server: { listen: '127.0.0.1:0' }, ...config });
  const running = startCli(['run', '--log-format', 'json', ...flags], { cwd: dir, env });
  let text = '';
  running.child.stderr!.on('data', (chunk: string) => {
    text += chunk;
  });
  await running.said('nobody may sign in yet');
  await until(() => /"url":"[^"]+"/.test(text));
  const link = /"url":"([^"]+)"/.exec(text)![1]!;
  const url = new URL('/', link).href;

  const send = (method: string, path: string, { as = {}, body, headers = {} }: Asked): Promise<Response> =>
    fetch(new URL(path, url), {
      method,
      headers: { ...as, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const opened = async (answer: Response): Promise<Headers> => {
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    const { csrf_token } = (await answer.json()) as { csrf_token: string };
    return { cookie: cookie!, 'x-csrf-token': csrf_token };
  };
  const token = link.split('/').at(-1)!;
  const admin = await opened(
    await send('POST', '/api/v1/session/first', { body: { token, login: 'ada', password: PASSWORD } }),
  );
  const ask: ServedApi['ask'] = (method, path, asked = {}) => send(method, path, { as: admin, ...asked });
  return {
    ...{ url, dir, running, ask },
    said: () => text,
    read: async (path, asked) => {
      const answer = await ask('GET', path, asked);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as never;
    },
    person: async (login, role, tenants, scopes = ['read', 'run', 'write', 'admin']) => {
      const made = await ask('POST', '/api/v1/users', { body: { login, role, tenants, password: PASSWORD } });
      if (made.status !== 201) throw new Error(await made.text());
      const session = await opened(await send('POST', '/api/v1/session', { body: { login, password: PASSWORD } }));
      const minted = await send('POST', '/api/v1/tokens', { as: session, body: { name: 'test', scopes } });
      const { secret } = (await minted.json()) as { secret: string };
      return { authorization: `Bearer ${secret}` };
    },
    close: async () => {
      running.child.kill('SIGTERM');
      await running.exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Messages of a stream of server-sent events until `enough` says so of those there are. */
export async function readEvents(
  answer: Response,
  enough: (messages: readonly Message[]) => boolean,
): Promise<readonly Message[]> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const messages: Message[] = [];
  let text = '';
  while (!enough(messages)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const line = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = line('data');
      if (data !== undefined) messages.push({ id: line('id'), event: line('event'), data: JSON.parse(data) as never });
    }
  }
  await reader.cancel();
  return messages;
}

export interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}
