/** Takes a connection's secrets out of a text that came from elsewhere. */
export type Redact = (text: string) => string;

/** Below this a secret is so common a text that taking it out would only tell where it stood. */
const SHORTEST = 4;

/** Secrets are found as they are, URL-encoded and in base64. */
export function redactor(secrets: readonly string[]): Redact {
  const forms = secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    .filter((form) => form.length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);
}
