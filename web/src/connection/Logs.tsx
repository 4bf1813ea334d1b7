import { Button, Group, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get } from '../api/client.ts';
import { useEventStream } from '../api/event-stream.ts';
import { itemsOf } from '../api/queries.ts';
import type { LogLine, Page } from '../api/types.ts';
import { absolute } from '../parts/format.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { toneOf } from '../parts/StatusMark.tsx';

const KEPT = 2000;

/** Log lines as they come. Scrolled up, the view stays where it is; at the end it follows. */
export function Logs({ connection }: { connection: string }) {
  const [level, setLevel] = useState<string>('info');
  const [text, setText] = useState('');
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const before = useQuery({
    queryKey: ['logs', connection, level],
    queryFn: async () => itemsOf(await get<Page<LogLine>>('/logs', { connection, level, limit: 500 })).toReversed(),
    gcTime: 0,
  });
  useEffect(() => setLines(before.data ?? []), [before.data]);
  useEventStream('/logs/stream', { connection, level }, ({ data }) => {
    const line = data as LogLine;
    setLines((known) => (known.some(({ id }) => id === line.id) ? known : [...known, line].slice(-KEPT)));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever lines come
  useEffect(() => {
    if (following && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, following]);
  const needle = text.toLowerCase();
  const shown = lines.filter((line) => textOf(line).toLowerCase().includes(needle));
  return (
    <div className="panel">
      <Group mb="sm" align="flex-end">
        <Select
          label="Level"
          allowDeselect={false}
          w={130}
          data={['debug', 'info', 'warn', 'error']}
          value={level}
          onChange={(next) => setLevel(next ?? 'info')}
        />
        <TextInput
          label="Containing"
          data-search
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button variant="default" onClick={() => void navigator.clipboard?.writeText(shown.map(textOf).join('\n'))}>
          Copy
        </Button>
        {!following && (
          <Button variant="default" onClick={() => setFollowing(true)}>
            To the end
          </Button>
        )}
      </Group>
      <ProblemAlert error={before.error} />
      <div
        ref={box}
        className="log"
        role="log"
        aria-label="Log lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < 24)
        }
      >
        {shown.length === 0 && 'No line yet. They appear here as the connection works.'}
        {shown.map((line) => (
          <div key={line.id} className="log-line">
            <span title={line.time === null ? '' : absolute(Date.parse(line.time))}>{line.time?.slice(11, 19)}</span>
            <span
              className={`tone-${line.level === 'error' ? toneOf('error') : line.level === 'warn' ? 'wait' : 'quiet'}`}
            >
              {line.level}
            </span>
            <span>
              {line.msg} <span className="tone-quiet">{fieldsOf(line)}</span>
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

const fieldsOf = ({ fields = {} }: LogLine): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
const textOf = (line: LogLine): string => `${line.time ?? ''} ${line.level} ${line.msg} ${fieldsOf(line)}`;
