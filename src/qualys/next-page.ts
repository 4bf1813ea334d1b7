/** What a next-page URL may never say for us: who we are. */
const CREDENTIALS = /user|login|pass|pwd|token|secret|session|auth|cookie|credential|api[-_]?key/i;

/**
 * What decides the action and the form of the answer. Qualys's URLs were seen to carry a `details=None` that the
 * request never had and that turns hosts into bare ids; our own request is right about these.
 */
const OURS = new Set(['action', 'details', 'output_format', 'echo_request', 'suppress_duplicated_data_from_csv']);

/**
 * The parameters of the next page: those of the current one, with what the query of Qualys's next-page URL changes or
 * adds. Only the query is read: host, scheme and path are never followed (URLs with foreign hosts, and http ones, are
 * seen in Qualys's own guide). Undefined where the URL holds no parameter at all.
 */
export function nextParams(
  warningUrl: string,
  current: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const at = warningUrl.indexOf('?');
  if (at < 0) return undefined;
  const query = new URLSearchParams(
    warningUrl
      .slice(at + 1)
      .replace(/#.*$/s, '')
      .trim(),
  );
  const next: Record<string, string> = { ...current };
  let taken = false;
  for (const [name, value] of query) {
    if (OURS.has(name) || CREDENTIALS.test(name) || name === '__proto__' || name === '') continue;
    next[name] = value;
    taken = true;
  }
  return taken ? next : undefined;
}
