import type { ReactNode } from 'react';
import type { Status } from '../api/types.ts';
import { When } from './When.tsx';

export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'quiet';

/** Each tone has a shape of its own beside its colour. */
const SHAPES: Readonly<Record<Tone, ReactNode>> = {
  good: <circle cx="6" cy="6" r="5" />,
  busy: <path d="M2 1l9 5-9 5z" />,
  wait: <path d="M1 1h10L6 6l5 5H1l5-5z" />,
  bad: <path d="M6 0l6 11.5H0z" />,
  quiet: <path d="M2 1h3v10H2zM7 1h3v10H7z" />,
};

export function Mark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`status tone-${tone}`}>
      <svg width="12" height="12" viewBox="0 0 12 12" fill="currentColor" aria-hidden="true">
        {SHAPES[tone]}
      </svg>
      {children}
    </span>
  );
}

export function toneOf(word: string): Tone {
  if (/fail|stopped|abandoned|rejected|error/.test(word)) return 'bad';
  if (/running|pulling/.test(word)) return 'busy';
  if (/wait|suspend|interrupted|late|warn|held/.test(word)) return 'wait';
  if (/paused|disabled|skipped|off/.test(word)) return 'quiet';
  return 'good';
}

/** What a connection is at, and with `full` why, until when and what to do. */
export function StatusMark({ status, full = false }: { status: Status; full?: boolean }) {
  const { word, why, until, since, code, fix } = status;
  return (
    <div>
      <Mark tone={toneOf(word)}>{word}</Mark>
      {full && (
        <div>
          {why !== undefined && <div>{why}</div>}
          {since !== undefined && (
            <div>
              Since <When at={since} />
            </div>
          )}
          {until !== undefined && (
            <div>
              {word === 'waiting' ? 'Until' : 'Next try'} <When at={until} />
            </div>
          )}
          {fix !== undefined && (
            <div>
              <strong>What to do:</strong> {fix} {code !== undefined && <span className="mono">{code}</span>}
            </div>
          )}
        </div>
      )}
    </div>
  );
}
