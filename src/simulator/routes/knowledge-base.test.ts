import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, ask, child, type Node, parseXml, value } from '../../../test/support/simulator-client.ts';
import { type Simulator, startSimulator, truthLines } from '../index.ts';
import { DAY } from '../world/time.ts';

const KB = '/api/4.0/fo/knowledge_base/vuln/';
const KEEP_ALIVE = '<!-- keep-alive for KNOWLEDGE_BASE_VULN_LIST_OUTPUT  -->\n';

let sim: Simulator;
let everything: string;
let vulns: Node[];
beforeAll(async () => {
  sim = await startSimulator({ hosts: 60, seed: 31 });
  everything = await text({ details: 'All', show_disabled_flag: 1, show_pci_reasons: 1, show_qid_change_log: 1 });
  vulns = all(parseXml(everything), 'VULN');
});
afterAll(async () => {
  expect(sim.counters().defects).toEqual([]);
  await sim.close();
});

type Params = Record<string, string | number>;

async function text(params: Params = {}, path = KB, of = sim): Promise<string> {
  const reply = await ask(of, path, { params: { action: 'list', ...params } });
  expect(reply.status, reply.text.slice(0, 300)).toBe(200);
  return reply.text;
}

const list = async (params: Params = {}, of = sim): Promise<Node[]> =>
  all(parseXml(await text(params, KB, of)), 'VULN');
const qids = (nodes: readonly Node[]): number[] => nodes.map((node) => Number(value(node, 'QID')));
const qidsOf = async (params: Params): Promise<number[]> => qids(await list(params));

function truth(of = sim): { qid: number; last_modified: string; title: string; severity: number; cves: string[] }[] {
  return [...truthLines(of.world, of.now(), undefined, new Set(['knowledge_base']))]
    .map((line) => JSON.parse(line))
    .map((line) => ({ ...line, qid: Number(line.key[0]) }));
}

/** Content models of Qualys's DTD, with the two elements newer than it. `?` may be absent, `+` repeats. */
const MODELS: Record<string, string> = {
  KNOWLEDGE_BASE_VULN_LIST_OUTPUT: 'REQUEST? RESPONSE',
  RESPONSE: 'DATETIME VULN_LIST? ID_SET? WARNING?',
  VULN_LIST: 'VULN+',
  VULN: 'QID VULN_TYPE SEVERITY_LEVEL TITLE CATEGORY? DETECTION_INFO? LAST_CUSTOMIZATION? LAST_SERVICE_MODIFICATION_DATETIME? PUBLISHED_DATETIME CODE_MODIFIED_DATETIME? BUGTRAQ_LIST? PATCHABLE PATCH_PUBLISHED_DATE? SOFTWARE_LIST? VENDOR_REFERENCE_LIST? CVE_LIST? DIAGNOSIS? DIAGNOSIS_COMMENT? CONSEQUENCE? CONSEQUENCE_COMMENT? SOLUTION? SOLUTION_COMMENT? COMPLIANCE_LIST? CORRELATION? CVSS? CVSS_V3? PCI_FLAG? AUTOMATIC_PCI_FAIL? PCI_REASONS? THREAT_INTELLIGENCE? SUPPORTED_MODULES? DISCOVERY IS_DISABLED? CHANGE_LOG_LIST?',
  LAST_CUSTOMIZATION: 'DATETIME USER_LOGIN?',
  BUGTRAQ_LIST: 'BUGTRAQ+',
  BUGTRAQ: 'ID URL',
  SOFTWARE_LIST: 'SOFTWARE+',
  SOFTWARE: 'PRODUCT VENDOR',
  VENDOR_REFERENCE_LIST: 'VENDOR_REFERENCE+',
  VENDOR_REFERENCE: 'ID URL',
  CVE_LIST: 'CVE+',
  // The recorded bodies lack these.
  CVE: 'ID URL?',
  EXPLT: 'REF? DESC? LINK?',
  COMPLIANCE_LIST: 'COMPLIANCE+',
  COMPLIANCE: 'TYPE SECTION DESCRIPTION',
  CORRELATION: 'EXPLOITS? MALWARE?',
  EXPLOITS: 'EXPLT_SRC+',
  EXPLT_SRC: 'SRC_NAME EXPLT_LIST',
  EXPLT_LIST: 'EXPLT+',
  MALWARE: 'MW_SRC+',
  MW_SRC: 'SRC_NAME MW_LIST',
  MW_LIST: 'MW_INFO+',
  MW_INFO: 'MW_ID MW_TYPE? MW_PLATFORM? MW_ALIAS? MW_RATING? MW_LINK?',
  CVSS: 'BASE? TEMPORAL? VECTOR_STRING? ACCESS? IMPACT? AUTHENTICATION? EXPLOITABILITY? REMEDIATION_LEVEL? REPORT_CONFIDENCE?',
  CVSS_V3:
    'BASE? TEMPORAL? VECTOR_STRING? CVSS3_VERSION? ATTACK? IMPACT? PRIVILEGES_REQUIRED? USER_INTERACTION? SCOPE? EXPLOIT_CODE_MATURITY? REMEDIATION_LEVEL? REPORT_CONFIDENCE?',
  ACCESS: 'VECTOR? COMPLEXITY?',
  ATTACK: 'VECTOR? COMPLEXITY?',
  IMPACT: 'CONFIDENTIALITY? INTEGRITY? AVAILABILITY?',
  PCI_REASONS: 'PCI_REASON+',
  THREAT_INTELLIGENCE: 'THREAT_INTEL+',
  DISCOVERY: 'REMOTE AUTH_TYPE_LIST? ADDITIONAL_INFO?',
  AUTH_TYPE_LIST: 'AUTH_TYPE+',
  CHANGE_LOG_LIST: 'CHANGE_LOG_INFO+',
  CHANGE_LOG_INFO: 'CHANGE_DATE COMMENTS',
  ID_SET: '(ID|ID_RANGE)+',
};

const PATTERNS = new Map(
  Object.entries(MODELS).map(([name, model]) => [
    name,
    new RegExp(
      `^${model
        .split(' ')
        .map((part) => part.replace(/^([A-Z_0-9|()]+)([?+]?)$/, '(?:(?:$1) )$2'))
        .join('')}$`,
    ),
  ]),
);

/** Checks an element and all in it; notes the names seen. */
function conform(node: Node, seen: Set<string>): void {
  seen.add(node.name);
  const pattern = PATTERNS.get(node.name);
  const names = node.children.map(({ name }) => `${name} `).join('');
  // Several hundred thousand elements: expect() would take its time over each.
  if (!(pattern ?? /^$/).test(names)) throw new Error(`${node.name} (${names})`);
  for (const one of node.children) conform(one, seen);
}

describe('form', () => {
  test('follows the DTD, and every element of the recorded bodies occurs', async () => {
    const seen = new Set<string>();
    conform(parseXml(everything), seen);
    conform(parseXml(await text({ details: 'None', id_max: 110_000 })), seen);
    const recorded =
      'DATETIME QID VULN_TYPE SEVERITY_LEVEL TITLE CATEGORY LAST_SERVICE_MODIFICATION_DATETIME PUBLISHED_DATETIME BUGTRAQ_LIST BUGTRAQ ID URL PATCHABLE SOFTWARE_LIST SOFTWARE PRODUCT VENDOR VENDOR_REFERENCE_LIST VENDOR_REFERENCE CVE_LIST CVE DIAGNOSIS CONSEQUENCE SOLUTION CORRELATION EXPLOITS EXPLT_SRC SRC_NAME EXPLT_LIST EXPLT REF DESC LINK PCI_FLAG THREAT_INTELLIGENCE THREAT_INTEL DISCOVERY REMOTE AUTH_TYPE_LIST AUTH_TYPE ADDITIONAL_INFO';
    for (const name of recorded.split(' ')) expect(seen, name).toContain(name);
    for (const name of ['COMPLIANCE_LIST', 'MALWARE', 'CVSS', 'CVSS_V3', 'LAST_CUSTOMIZATION', 'CHANGE_LOG_LIST']) {
      expect(seen, name).toContain(name);
    }
  });

  test('what the DTD demands and recorded bodies lack is lacking', () => {
    const some = (test: (vuln: Node) => boolean): boolean => vulns.some(test);
    expect(some((vuln) => all(vuln, 'CVE').some((cve) => child(cve, 'URL') === undefined))).toBe(true);
    expect(some((vuln) => all(vuln, 'CVE').some((cve) => value(cve, 'ID') === ''))).toBe(true);
    expect(some((vuln) => value(vuln, 'TITLE') === '')).toBe(true);
    expect(some((vuln) => all(vuln, 'EXPLT').some((one) => one.children.length === 0))).toBe(true);
    expect(some((vuln) => all(vuln, 'EXPLT').some((one) => one.children.length === 1))).toBe(true);
    expect(some((vuln) => child(vuln, 'CVSS') === undefined && value(vuln, 'VULN_TYPE') === 'Vulnerability')).toBe(
      true,
    );
    expect(some((vuln) => child(vuln, 'CATEGORY') === undefined)).toBe(true);
    expect(some((vuln) => value(vuln, 'CONSEQUENCE') === '')).toBe(true);
    expect(everything).toContain('<TITLE><![CDATA[]]></TITLE>');
    expect(some((vuln) => /<P>.*&quot;.*&lt; /s.test(value(vuln, 'DIAGNOSIS')!))).toBe(true);
    expect(value(vulns[0], 'SOLUTION')).toMatch(/<A HREF="https:.*" TARGET="_blank">/);
    expect(child(child(vulns.find((vuln) => child(vuln, 'CVSS'))!, 'CVSS'), 'BASE')?.attributes['source']).toBe(
      'service',
    );
  });

  test('keep-alive comments stand before the list, in it and after the root', () => {
    const parts = everything.split(KEEP_ALIVE);
    expect(parts.length).toBeGreaterThan(20);
    expect(parts[1]).toMatch(/^ {4}<VULN_LIST>\n {6}<VULN>/);
    expect(parts[2]).toMatch(/^ {6}<VULN>/);
    expect(parts.at(-1)).toBe('');
    expect(parts.at(-2)).toContain('</KNOWLEDGE_BASE_VULN_LIST_OUTPUT>\n');
  });

  test('each version names its own DTD; the newest elements stand in the newest', async () => {
    const ids = qids(vulns.slice(0, 5)).join();
    for (const version of ['2.0', '3.0', '4.0']) {
      const answer = await text({ ids }, KB.replace('4.0', version));
      expect(answer).toContain(
        `<!DOCTYPE KNOWLEDGE_BASE_VULN_LIST_OUTPUT SYSTEM "${sim.url}/api/${version}/fo/knowledge_base/vuln/knowledge_base_vuln_list_output.dtd">`,
      );
      expect(answer.includes('CODE_MODIFIED_DATETIME'), version).toBe(version === '4.0');
    }
  });

  test('Basic has what the recorded bodies asked without details have; correlation and the like need All', async () => {
    const basic = await list({ id_max: 39_999 });
    const names = new Set(basic.flatMap((vuln) => vuln.children.map(({ name }) => name)));
    for (const name of ['DIAGNOSIS', 'CONSEQUENCE', 'SOLUTION', 'CVE_LIST', 'DISCOVERY']) expect(names).toContain(name);
    for (const name of ['CORRELATION', 'COMPLIANCE_LIST', 'THREAT_INTELLIGENCE', 'IS_DISABLED', 'PCI_REASONS']) {
      expect(names).not.toContain(name);
    }
  });
});

describe('content', () => {
  test('is the truth, sorted by QID', () => {
    const expected = truth();
    expect(qids(vulns)).toEqual(expected.map(({ qid }) => qid));
    expect(qids(vulns)).toEqual(qids(vulns).toSorted((a, b) => a - b));
    expect(new Set(qids(vulns)).size).toBe(4999 + 500);
    expect(
      vulns.map((vuln) => [
        value(vuln, 'TITLE'),
        Number(value(vuln, 'SEVERITY_LEVEL')),
        value(vuln, 'LAST_SERVICE_MODIFICATION_DATETIME'),
        all(vuln, 'CVE').map((cve) => value(cve, 'ID')),
      ]),
    ).toEqual(expected.map(({ title, severity, last_modified, cves }) => [title, severity, last_modified, cves]));
  });

  test('knows every QID of every detection, by the same title and severity', async () => {
    const known = new Map(vulns.map((vuln) => [Number(value(vuln, 'QID')), vuln]));
    for (const n of sim.world.ordinals(sim.now())) {
      for (const { vulnerability } of sim.world.detections(sim.world.host(n), sim.now())) {
        const vuln = known.get(vulnerability.qid);
        expect(value(vuln, 'TITLE')).toBe(vulnerability.title);
        expect(value(vuln, 'SEVERITY_LEVEL')).toBe(String(vulnerability.severity));
      }
    }
  });

  test('as time passes some are modified, some published, and last_modified_after finds just these', async () => {
    const living = await startSimulator({ hosts: 5, seed: 31, extraQids: 100 });
    try {
      const before = new Map(truth(living).map((line) => [line.qid, JSON.stringify(line)]));
      const watermark = new Date(living.now()).toISOString().replace('.000', '');
      living.advance(3 * DAY);
      const after = truth(living);
      const changed = after.filter((line) => before.get(line.qid) !== JSON.stringify(line)).map(({ qid }) => qid);
      expect(changed.filter((qid) => !before.has(qid))).toHaveLength(12);
      expect(changed.length).toBeGreaterThan(30);
      expect(qids(await list({ last_modified_after: watermark }, living))).toEqual(changed);
      const old = await list({ last_modified_before: watermark }, living);
      expect(old.length).toBe(after.length - changed.length);
    } finally {
      await living.close();
    }
  });
});

describe('parameters', () => {
  test('ids vanish silently where unknown; none known leaves DATETIME alone', async () => {
    const [a, b, c] = qids(vulns) as [number, number, number];
    expect(await qidsOf({ ids: `123,${c},${a}-${b}` })).toEqual([a, b, c]);
    const nothing = await text({ ids: '123' });
    expect(child(parseXml(nothing), 'RESPONSE')!.children.map(({ name }) => name)).toEqual(['DATETIME']);
    expect(nothing.endsWith(`//--> \n${KEEP_ALIVE}`)).toBe(true);
    const reply = await ask(sim, KB, { params: { action: 'list', ids: 'abc123' }, post: true });
    expect([reply.status, reply.text.startsWith('<!DOCTYPE SIMPLE_RETURN')]).toEqual([400, true]);
    expect(reply.text).toContain('parameter ids has invalid value: abc123');
  });

  test('id_min and id_max include their QID; ranges of them make up the whole', async () => {
    const known = qids(vulns);
    expect(await qidsOf({ id_min: known[10]!, id_max: known[19]! })).toEqual(known.slice(10, 20));
    const parts: number[] = [];
    for (let at = 0; at < 900; at += 300) {
      parts.push(...(await qidsOf({ id_min: known[at]!, id_max: known[at + 300]! - 1 })));
    }
    expect(parts).toEqual(known.slice(0, 900));
  });

  test('details=None gives the same ids as a set with ranges', async () => {
    const set = child(child(parseXml(await text({ details: 'None' })), 'RESPONSE'), 'ID_SET')!;
    const spelled = set.children.flatMap(({ name, text: said }) => {
      const [first, last] = said.split('-').map(Number);
      expect(name).toBe(last === undefined ? 'ID' : 'ID_RANGE');
      return Array.from({ length: (last ?? first!) - first! + 1 }, (_, n) => first! + n);
    });
    expect(spelled).toEqual(qids(vulns));
    expect(set.children.some(({ name }) => name === 'ID_RANGE')).toBe(true);
    const [own] = await list({ details: 'None' });
    expect(own).toBeUndefined();
  });

  test('flags, dates and discovery narrow the list', async () => {
    const range = { id_min: 100_000, id_max: 100_999 };
    const some = vulns.filter((vuln) => /^100\d{3}$/.test(value(vuln, 'QID')!));
    const where = (test: (vuln: Node) => boolean): number[] => {
      const found = qids(some.filter(test));
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThan(some.length);
      return found;
    };
    expect(await qidsOf({ ...range, is_patchable: 1 })).toEqual(where((vuln) => value(vuln, 'PATCHABLE') === '1'));
    expect(await qidsOf({ ...range, published_after: '2020-01-01', published_before: '2022-01-01' })).toEqual(
      where((vuln) => {
        const at = value(vuln, 'PUBLISHED_DATETIME')!;
        return at > '2020-01-01T00:00:00Z' && at < '2022-01-01T00:00:00Z';
      }),
    );
    expect(await qidsOf({ ...range, code_modified_after: '2026-01-01' })).toEqual(
      where((vuln) => value(vuln, 'CODE_MODIFIED_DATETIME')! > '2026-01-01T00:00:00Z'),
    );
    expect(await qidsOf({ ...range, last_modified_by_user_after: '2000-01-01' })).toEqual(
      where((vuln) => child(vuln, 'LAST_CUSTOMIZATION') !== undefined),
    );
    const remote = (vuln: Node): boolean => value(child(vuln, 'DISCOVERY'), 'REMOTE') === '1';
    const types = (vuln: Node): string[] => all(vuln, 'AUTH_TYPE').map(({ text: type }) => type);
    expect(await qidsOf({ ...range, discovery_method: 'Remote' })).toEqual(where(remote));
    expect(await qidsOf({ ...range, discovery_method: 'RemoteOnly' })).toEqual(
      where((vuln) => remote(vuln) && types(vuln).length === 0),
    );
    expect(await qidsOf({ ...range, discovery_method: 'RemoteAndAuthenticated' })).toEqual(
      where((vuln) => remote(vuln) && types(vuln).length > 0),
    );
    expect(await qidsOf({ ...range, discovery_auth_types: 'Windows,SNMP' })).toEqual(
      where((vuln) => types(vuln).some((type) => type === 'Windows' || type === 'SNMP')),
    );
  });

  test('the number of QIDs that hosts can have is an option: a prime, up to 4,999', async () => {
    for (const hostQids of [0, 1, 4, 498, 5003, 2.5])
      await expect(startSimulator({ hosts: 1, hostQids }), String(hostQids)).rejects.toThrow('hostQids');
    const few = await startSimulator({ hosts: 30, hostQids: 97, extraQids: 3 });
    try {
      const known = truth(few).map(({ qid }) => qid);
      expect(known).toHaveLength(100);
      const found = [...truthLines(few.world, few.now(), undefined, new Set(['host_list_detection']))].map((line) =>
        Number((JSON.parse(line) as { key: string[] }).key[1]),
      );
      expect(new Set(found).size).toBeGreaterThan(90);
      expect(found.filter((qid) => !known.includes(qid))).toEqual([]);
    } finally {
      await few.close();
    }
  });

  test('the number of further QIDs is an option, up to 200,000', async () => {
    await expect(startSimulator({ hosts: 1, extraQids: 200_001 })).rejects.toThrow('extraQids');
    const large = await startSimulator({ hosts: 1, extraQids: 200_000 });
    try {
      const set = child(child(parseXml(await text({ details: 'None' }, KB, large)), 'RESPONSE'), 'ID_SET')!;
      const count = set.children
        .map(({ text: said }) => said.split('-').map(Number))
        .reduce((sum, [first, last]) => sum + (last ?? first!) - first! + 1, 0);
      expect(count).toBe(204_999);
    } finally {
      await large.close();
    }
  });
});
