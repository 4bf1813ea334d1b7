/**
 * What kinds of consumers want, as data sets with their options; a connection names one with `preset`. Sources: the set-up
 * pages of such consumers. Options are written as in a configuration file.
 */
export const presets: ReadonlyMap<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>> = new Map([
  [
    // Devices changed within the last 90 days, what was found on them, and the CVEs behind it.
    'exposure',
    { host_assets: { modified_within: '90d' }, host_list: {}, host_list_detection: {}, knowledge_base: {} },
  ],
  ['hosts', { host_list: {} }],
  ['vulnerabilities', { host_list_detection: {}, knowledge_base: {} }],
]);
