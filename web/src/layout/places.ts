import type { View } from '../api/types.ts';

/** Where the navigation leads: a name, its address, and the key behind `g`. */
export interface Place {
  readonly title: string;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly key?: string;
}

export const OPERATE: readonly Place[] = [
  { title: 'Overview', to: '/', key: 'o' },
  { title: 'Connections', to: '/connections', key: 'c' },
  { title: 'Sinks', to: '/sinks', key: 's' },
  { title: 'Verify ingestion', to: '/verify', key: 'e' },
  { title: 'Activity', to: '/verify', search: { dataset: 'user_activity' } },
  { title: 'Settings', to: '/settings', key: 't' },
];

/** Views people look for first, under the name they look for; every other view follows in the catalogue's order. */
const FIRST: readonly (readonly [view: string, title: string, key?: string])[] = [
  ['devices', 'Assets', 'a'],
  ['findings', 'Vulnerabilities by detection', 'v'],
  ['vulnerabilities', 'Vulnerabilities by QID', 'q'],
  ['exposures', 'Vulnerabilities by CVE'],
  ['software', 'Software', 'w'],
  ['users', 'Users', 'u'],
  ['roles', 'Roles'],
  ['tickets', 'Tickets', 'i'],
  ['certificates', 'Certificates', 'r'],
  ['webapps', 'Web applications', 'b'],
  ['webapp_findings', 'Web application findings'],
  ['compliance', 'Compliance', 'l'],
  ['fim_events', 'File integrity', 'f'],
];

export const PICTURES: Place = { title: 'Pictures', to: '/pictures', key: 'p' };

export function explorePlaces(views: readonly View[]): readonly Place[] {
  const known = new Map(views.map((view) => [view.name, view]));
  const first = FIRST.filter(([name]) => known.has(name)).map(
    ([name, title, key]): Place => ({ title, to: `/explore/${name}`, ...(key === undefined ? {} : { key }) }),
  );
  const rest = views.filter(({ name }) => !FIRST.some(([other]) => other === name));
  return [PICTURES, ...first, ...rest.map(({ name, title }): Place => ({ title, to: `/explore/${name}` }))];
}
