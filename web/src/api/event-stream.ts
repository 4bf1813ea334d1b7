import { useEffect, useRef } from 'react';
import { apiUrl, type CallOptions, send } from './client.ts';

export interface StreamMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Reads server-sent events of any name until the server ends them; unlike EventSource it can also POST. */
export async function readEvents(
  method: 'GET' | 'POST',
  url: string,
  options: CallOptions,
  onMessage: (message: StreamMessage) => void,
): Promise<void> {
  const response = await send(method, url, { ...options, accept: 'text/event-stream' });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = messageOf(block);
      if (message !== undefined) onMessage(message);
    }
  }
}

function messageOf(block: string): StreamMessage | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : (value ?? ''));
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return { id: fields.get('id'), event: fields.get('event') ?? 'message', data: JSON.parse(data) as unknown };
}

const AGAIN_MS = 3000;

/** Follows a stream while the component is shown; comes back where it was when the connection breaks. */
export function useEventStream(
  path: string | undefined,
  params: Readonly<Record<string, string | undefined>>,
  onMessage: (message: StreamMessage) => void,
): void {
  const latest = useRef(onMessage);
  latest.current = onMessage;
  const key = JSON.stringify(params);
  useEffect(() => {
    if (path === undefined) return;
    const gone = new AbortController();
    const { signal } = gone;
    let last: string | undefined;
    const follow = async (): Promise<void> => {
      while (!signal.aborted) {
        const url = apiUrl(path, { ...(JSON.parse(key) as Record<string, string>), last_event_id: last });
        await readEvents('GET', url, { signal }, (message) => {
          last = message.id ?? last;
          latest.current(message);
        }).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    void follow();
    return () => gone.abort();
  }, [path, key]);
}
