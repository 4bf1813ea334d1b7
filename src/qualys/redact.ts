/** Takes a connection's secrets out of a text that came from elsewhere. */
export type Redact = (text: string) => string;

export interface Redactor {
  readonly redact: Redact;
  /** A token that was got just now; of these the last few are remembered. */
  add(secret: string): void;
}

/** Below this a secret is so common a text that taking it out would only tell where it stood. */
const SHORTEST = 4;
const TOKENS = 8;

/** Secrets are found as they are, URL-encoded, as in a form, inside JSON and in base64. */
export function redactor(secrets: readonly string[]): Redactor {
  const lasting = secrets.flatMap(formsOf);
  let tokens: string[][] = [];
  return {
    redact: (text) =>
      [...lasting, ...tokens.flat()]
        .sort((a, b) => b.length - a.length)
        .reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text),
    add(secret) {
      tokens = [formsOf(secret), ...tokens].slice(0, TOKENS);
    },
  };
}

function formsOf(secret: string): string[] {
  const forms = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST);
}
