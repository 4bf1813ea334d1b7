/** Qualys's own names of its severity levels. */
export const SEVERITIES: Readonly<Record<number, string>> = {
  1: 'Minimal',
  2: 'Medium',
  3: 'Serious',
  4: 'Critical',
  5: 'Urgent',
};
/** The same colours as charts use, readable on white and on black. */
export const SEVERITY_COLORS: Readonly<Record<number, string>> = {
  1: '#868e96',
  2: '#3b8fd9',
  3: '#d9a400',
  4: '#e8750a',
  5: '#d02f2f',
};

/** A severity as bars, number and word: never by colour alone. */
export function Severity({ level }: { level: number }) {
  return (
    <span className={`severity severity-${level}`}>
      <span className="severity-bars" aria-hidden="true">
        {[1, 2, 3, 4, 5].map((step) => (
          <i key={step} className={step <= level ? 'on' : ''} />
        ))}
      </span>
      {level} {SEVERITIES[level] ?? ''}
    </span>
  );
}
