import { useEffect, useState } from 'react';
import { absolute, relative } from './format.ts';

const TICK_MS = 20_000;

/** A time as people say it; the exact one on hover. */
export function When({ at, none = '–' }: { at: string | number | null | undefined; none?: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const ms = typeof at === 'string' ? Date.parse(at) : at;
  if (ms === null || ms === undefined || Number.isNaN(ms)) return <>{none}</>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={absolute(ms)} className="nowrap">
      {relative(ms, now)}
    </time>
  );
}
