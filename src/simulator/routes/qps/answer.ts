/** ServiceResponse: the frame of every answer of QPS, in XML and JSON (reference, 2.2 and 2.4; recorded samples). */
import type { IncomingHttpHeaders } from 'node:http';
import { escaped } from '../../xml.ts';
import type { RestRefusal } from '../rest.ts';
import type { Answer } from '../route.ts';
import { wantsJson } from './request.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The root's start tag; `xsd` is the path of the schema it names. */
export function responseHead(base: string, xsd: string): string {
  return `${DECLARATION}<ServiceResponse xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="${base}${xsd}">\n`;
}

/** `/qps/xsd/2.0/am/hostasset.xsd` for `/qps/rest/2.0/search/am/hostasset`, and so on. */
export function schemaOf(path: string): string {
  const [, version, module, object] = /^\/qps\/rest\/([\d.]+)\/\w+\/(\w+)\/(\w+)/.exec(path) ?? [];
  return version === undefined ? '/qps/xsd/version.xsd' : `/qps/xsd/${version}/${module}/${object}.xsd`;
}

export function qpsAnswer(asJson: boolean, body: Iterable<string>, status = 200): Answer {
  const headers = { Server: 'Apache', 'X-Frame-Options': 'SAMEORIGIN' };
  return { status, type: asJson ? 'application/json' : 'application/xml', rated: false, headers, body };
}

interface Asked {
  readonly path: string;
  readonly base: string;
  readonly headers: IncomingHttpHeaders;
}

/** An error: responseCode and responseErrorDetails; in JSON by inference. */
export function qpsError({ path, base, headers }: Asked, { status, code, message, resolution }: RestRefusal): Answer {
  const asked = { contentType: String(headers['content-type'] ?? ''), accept: String(headers.accept ?? '') };
  if (wantsJson(asked)) {
    const responseErrorDetails = { errorMessage: message, errorResolution: resolution };
    const body = JSON.stringify({ ServiceResponse: { responseCode: code, responseErrorDetails } });
    return qpsAnswer(true, [body], status);
  }
  const resolved = resolution === undefined ? '' : `    <errorResolution>${quoted(resolution)}</errorResolution>\n`;
  const details = `  <responseErrorDetails>\n    <errorMessage>${quoted(message)}</errorMessage>\n${resolved}  </responseErrorDetails>\n`;
  const body = `${responseHead(base, schemaOf(path))}  <responseCode>${code}</responseCode>\n${details}</ServiceResponse>`;
  return qpsAnswer(false, [body], status);
}

/** Recorded errors have their apostrophes escaped as well. */
function quoted(text: string): string {
  return escaped(text).replaceAll("'", '&apos;');
}
