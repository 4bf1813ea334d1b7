/** Text as it is, or anything else as JSON; long ones scroll, so that keys must reach it. */
export function TextBlock({ label, value }: { label: string; value: unknown }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section aria-label={label} tabIndex={0} className="text-block">
      {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
    </section>
  );
}
