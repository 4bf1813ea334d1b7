/** Pieces of Qualys's XML as text. Nothing here knows a data set. */

/** Text with the three characters XML reserves escaped. */
export function escaped(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') : text;
}

const NEEDS_ESCAPE = /[&<>]/;

/** A CDATA section; `]]>` is split over two. */
export function cdata(text: string): string {
  return text.includes(']]>') ? `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>` : `<![CDATA[${text}]]>`;
}

/** One line with an element, or nothing when there is no value. */
export function element(indent: string, name: string, value: string | number | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'number'
    ? `${indent}<${name}>${value}</${name}>\n`
    : `${indent}<${name}>${escaped(value)}</${name}>\n`;
}

/** The same with its text in CDATA, padded with line breaks where `padded` (Qualys does both). */
export function cdataElement(indent: string, name: string, value: string | undefined, padded = false): string {
  if (value === undefined) return '';
  return padded
    ? `${indent}<${name}>\n${indent}  ${cdata(value)}\n${indent}</${name}>\n`
    : `${indent}<${name}>${cdata(value)}</${name}>\n`;
}
