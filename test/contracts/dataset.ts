import { expect, it } from 'vitest';
import type { Ask } from '../../src/core/dataset.ts';
import { contextAs, type XmlFormat } from '../../src/core/format.ts';
import type { Fields } from '../../src/core/words.ts';
import type { DatasetFile } from '../../src/datasets/define.ts';
import { allAtOnce } from '../../src/datasets/paging.ts';
import { xmlFragment } from '../../src/pipeline/xml-fragment.ts';
import { collect } from '../support/collect-xml.ts';
import { difference, type Line, newest, type Rig, repeated, SAME, startRig } from '../support/rig.ts';
import { scaled } from '../support/scale.ts';
import { all, ask, type Node, parseXml } from '../support/simulator-client.ts';

const HOUR = 3_600_000;

/** What every data set's facts must say before anything is asked of Qualys. */
export function factsContract(file: DatasetFile): void {
  const { format, fields } = file;
  const own = new Set(format.fields);
  const context = new Set(format.kind === 'xml' ? (format.contextFields ?? []) : []);
  const as = contextAs(format);
  const options = file.options.parse({}) as never;

  it('documents its key: every part is a field of the format, with its meaning', () => {
    expect(file.key.length).toBeGreaterThan(0);
    for (const { from, field } of file.key) {
      if (from !== 'record' && from !== 'context') continue;
      expect(from === 'context' ? context : own).toContain(field);
      expect(fields).toHaveProperty([(from === 'context' ? as : field) ?? '']);
    }
    expect(file.key.slice(0, -1).some(({ from }) => from === 'occurrence')).toBe(false);
    if (file.order === 'id') expect(['record', 'context']).toContain(file.key[0]!.from);
    if (file.order === 'time' && file.time[0] !== undefined) expect(own).toContain(file.time[0]);
  });

  it('names as noise, order, version, time and heavy text only fields it knows', () => {
    const named = [...file.noise, ...(file.unordered ?? []), ...file.time, file.version, file.heavy?.field];
    // A path leads into a field.
    expect(named.filter((name) => name !== undefined && !own.has(name.split('/')[0]!))).toEqual([]);
    expect(file.noise.filter((name) => file.key.some(({ field }) => field === name))).toEqual([]);
    expect(new Set(format.fields).size).toBe(format.fields.length);
    expect(Object.keys(fields).filter((name) => !own.has(name) && name !== as)).toEqual([]);
  });

  it('[D14] says what it is, who may read it, where it goes, how often, with a source', () => {
    expect(file.title).toMatch(/^\S.{3,}/);
    expect(file.about).toMatch(/^\S.{20,}\.$/);
    expect(file.permission.roles).toMatch(/^\S.{10,}/);
    expect(file.permission.licence).toMatch(/^\S.{3,}/);
    expect(Object.values(file.destinations).filter((name) => !/^[a-z][\w.]+$/.test(name))).toEqual([]);
    const { every, sweepIds, sweepFull } = file.schedule;
    expect(every).toBeGreaterThanOrEqual(60_000);
    if (sweepIds !== undefined) expect(sweepIds).toBeGreaterThanOrEqual(every);
    if (sweepFull !== undefined) expect(sweepFull).toBeGreaterThanOrEqual(sweepIds ?? every);
    expect(sweepFull === undefined).toBe(file.kind === 'log' || !file.incremental);
    expect(sweepIds === undefined).toBe(file.ids === undefined);
    expect(file.signIn.length).toBeGreaterThan(0);
    expect(file.pageSize).toBeGreaterThan(0);
    expect(file.overlapMs).toBeGreaterThanOrEqual(0);
    expect(file.links.length).toBeGreaterThan(0);
    expect(file.links.filter((link) => !link.startsWith('https://'))).toEqual([]);
  });

  it('gives an example that has its key and only fields it knows', () => {
    const { [as ?? '']: inner, ...record } = file.example;
    expect(Object.keys(record).filter((name) => !own.has(name))).toEqual([]);
    expect(Object.keys((inner ?? {}) as object).filter((name) => !context.has(name))).toEqual([]);
    const [first] = file.key;
    if (first?.from === 'record' || first?.from === 'context')
      expect(first.from === 'context' ? inner : record).toHaveProperty([first.field]);
  });

  it('describes every option, and works without any', () => {
    const undescribed = Object.entries(file.options.shape).filter(
      ([, option]) => !option.meta()?.description && !described(option),
    );
    expect(undescribed.map(([name]) => name)).toEqual([]);
    expect(file.records(options, { pageSize: 7 }).path).toMatch(/^\//);
  });

  it('puts what is asked for into the request: since, range, page size, and leaves the heavy text out when told to', () => {
    const plain = file.records(options, { pageSize: 7 });
    const said = (ask: Ask): string => {
      const { params, body } = file.records(options, ask);
      return `${Object.values(params).join(' ')} ${body?.text ?? ''}`;
    };
    expect(plain.versions === undefined).toBe(!plain.path.includes('{version}'));
    if (file.paging.by === 'id') {
      if (file.incremental)
        expect(said({ pageSize: 7, since: '2026-01-02T03:04:05Z' })).toMatch(/2026-01-02T03:04:0[45]/);
      const ranged = said({ pageSize: 7, range: { first: 11, last: 22 } });
      // Some say "above 10", some "from 11 on".
      if (file.paging !== allAtOnce) expect(ranged).toMatch(/\b1[01]\b/);
    } else if (file.paging.parts === undefined) {
      const steps = file.paging.begin(options, { since: '2026-01-02T03:04:05Z', now: '2026-01-02T05:00:00Z' });
      if (file.incremental)
        expect(
          steps
            .map((step) =>
              said({ pageSize: 7, step, ...(step.from === undefined ? { since: '2026-01-02T03:04:05Z' } : {}) }),
            )
            .join(),
        ).toContain('2026-01-02T03:04:05');
    } else expect(said({ pageSize: 7, step: { part: 'a/b' } })).toContain('a/b');
    if (file.heavy !== undefined)
      expect(file.records(options, { pageSize: 7, withoutResults: true }).params).not.toEqual(plain.params);
  });
}

/** A wrapped option carries its description on the inside. */
function described(option: unknown): boolean {
  const inner = (option as { def?: { innerType?: { meta?: () => { description?: string } | undefined } } }).def
    ?.innerType;
  return inner !== undefined && ((inner.meta?.()?.description ?? '') !== '' || described(inner));
}

/** What a data set that is read by ranges of ids from XML does against a simulated Qualys over a socket. */
export function readingContract(file: DatasetFile): void {
  const { name } = file;
  const format = file.format as XmlFormat;

  async function withRig(
    hosts: number,
    options: Record<string, unknown>,
    test: (rig: Rig) => Promise<void>,
    faults: readonly string[] = [],
  ): Promise<void> {
    const rig = await startRig({ hosts, faults, datasets: { [name]: { every: '1h', ...options } } });
    try {
      await test(rig);
    } finally {
      await rig.close();
    }
  }

  const asTruth = async (rig: Rig): Promise<readonly Line[]> => {
    const lines = await rig.lines(name);
    expect(difference(newest(lines).keys(), rig.truth(name))).toEqual(SAME);
    expect(repeated(lines)).toEqual([]);
    return lines;
  };
  const many = scaled('hosts of a complete reading', { quick: 100, full: 300 });
  const one = scaled('pages of a complete reading', { quick: 96, full: 29, soak: 1 });

  it.each([
    [10, 1],
    [10, 7],
    [10, 1000],
    [many, one],
    [many, 1000],
  ])('a complete reading is the truth (%i hosts, pages of %i)', (hosts, page_size) =>
    withRig(hosts, { page_size }, async (rig) => {
      const summary = await rig.run();
      expect(summary.imbalances).toEqual([]);
      const lines = await asTruth(rig);
      expect(lines.length).toBe(rig.truth(name).size);
      expect(lines.filter((line) => line.change !== 'new' || line.flags !== undefined)).toEqual([]);
    }),
  );

  it('asks again and emits nothing while the world stands still, and only what changed when it moved', () =>
    withRig(40, {}, async (rig) => {
      const first = await rig.run();
      const second = await rig.run();
      expect(second.reports.map(({ mode, emitted, removed }) => [mode, emitted, removed])).toEqual([
        ['incremental', 0, 0],
      ]);
      const before = new Map([...newest(await rig.lines(name))].map(([key, { id }]) => [key, id]));
      rig.pass(6 * HOUR);
      const third = await rig.run();
      const moved = third.reports.at(-1)!;
      expect(moved.mode).toBe('incremental');
      expect(moved.emitted).toBeGreaterThan(0);
      expect(moved.received).toBeLessThan(first.reports[0]!.received * 0.75);
      const after = newest(await rig.lines(name));
      expect([...after].filter(([key, { id }]) => before.get(key) !== id).length).toBe(moved.emitted);
    }));

  it('sweeps remove what was purged, and only that: of ids daily, full ones weekly', () =>
    withRig(80, { sweep: { ids: '1d', full: '7d' } }, async (rig) => {
      await rig.run();
      const modes = new Set<string>();
      let before = rig.truth(name);
      for (let day = 1; day <= 8; day++) {
        rig.pass();
        const { reports } = await rig.run();
        for (const { mode, heldSweep } of reports) {
          modes.add(mode);
          expect(heldSweep).toBeUndefined();
        }
        const now = rig.truth(name);
        const pulls = new Set(reports.map(({ pull }) => String(pull)));
        const gone = (await rig.lines(name)).filter((line) => line.change === 'removed' && pulls.has(line.pulling_id));
        expect(gone.map(({ key }) => key.join('|')).toSorted()).toEqual(
          [...before].filter((key) => !now.has(key)).toSorted(),
        );
        expect(gone.filter(({ reason }) => reason !== 'purged')).toEqual([]);
        before = now;
      }
      expect(modes).toEqual(new Set(file.ids === undefined ? ['incremental', 'full'] : ['ids', 'incremental', 'full']));
      await asTruth(rig);
    }));

  it('gives the same ids on another machine', () =>
    withRig(20, {}, async (rig) => {
      await rig.run();
      const ids = (await rig.lines(name)).map(({ id }) => id).toSorted();
      await withRig(20, { page_size: 3 }, async (other) => {
        await other.run();
        expect((await other.lines(name)).map(({ id }) => id).toSorted()).toEqual(ids);
      });
    }));

  it('keeps every element Qualys sends under its name, and knows them all', () =>
    withRig(30, {}, async (rig) => {
      await rig.run();
      const sent = await elementsSent(rig, file);
      const lines = await rig.lines(name);
      const as = format.inner?.as;
      const names = (pick: (record: Fields) => object | undefined): Set<string> =>
        new Set(lines.flatMap(({ record }) => Object.keys(pick(record as Fields) ?? {})));
      const own = names((record) => record);
      if (as !== undefined) own.delete(as);
      expect(difference(own, sent.record)).toEqual(SAME);
      expect([...sent.record].filter((one) => !format.fields.includes(one))).toEqual([]);
      if (as === undefined) return;
      expect(
        difference(
          names((record) => record[as] as object),
          sent.context,
        ),
      ).toEqual(SAME);
      expect([...sent.context].filter((one) => format.contextFields?.includes(one) !== true)).toEqual([]);
    }));

  it('keeps elements nobody knows', () =>
    withRig(
      8,
      {},
      async (rig) => {
        await rig.run();
        const lines = await asTruth(rig);
        expect(lines.filter(({ record }) => record['MITRE_TACTIC_ID'] !== 'TA0001')).toEqual([]);
      },
      ['unknown-elements'],
    ));

  it('reads lower-case element names as the fields it knows', () =>
    withRig(
      8,
      {},
      async (rig) => {
        await rig.run();
        const as = format.inner?.as ?? '';
        for (const { record } of await asTruth(rig)) {
          const { [as]: context, ...own } = record;
          expect(Object.keys(own).filter((field) => !format.fields.includes(field))).toEqual([]);
          const unknown = Object.keys((context ?? {}) as object).filter((field) => field === field.toLowerCase());
          expect(unknown).toEqual([]);
        }
      },
      ['lower-case@/fo/'],
    ));

  it('falls back to the version before where the newest is not there', () =>
    withRig(
      8,
      {},
      async (rig) => {
        await rig.run();
        await asTruth(rig);
      },
      ['newest-version-404'],
    ));

  it('writes records that read back the same from one line of XML', () =>
    withRig(12, {}, async (rig) => {
      await rig.run();
      const element = format.inner?.element ?? format.record.split('/').at(-1)!;
      const lineFormat: XmlFormat = {
        kind: 'xml',
        root: 'LINES',
        record: element,
        lists: [...format.lists, ...format.lists.map((path) => `${format.inner?.as ?? ''}/${path}`)],
        verbatim: format.verbatim,
        fields: [],
      };
      const lines = await rig.lines(name);
      for (const { record } of lines) {
        const fragment = xmlFragment(element, record as Fields);
        expect(fragment).not.toContain('\n');
        const [seen] = collect(lineFormat, [`<LINES>${fragment}</LINES>`]).seen;
        expect((seen as { record: Fields }).record).toEqual(record);
      }
      expect(lines.length).toBeGreaterThan(0);
    }));
}

/** The element names below records and their context in a whole answer, as another client and another parser see them. */
async function elementsSent(rig: Rig, file: DatasetFile) {
  const format = file.format as XmlFormat;
  const options = rig.config['connections'] as Record<string, { datasets: Record<string, object> }>;
  const { every: _, ...own } = options['acme']!.datasets[file.name] as { every?: string };
  const call = file.records(file.options.parse(own) as never, { pageSize: 1000 });
  const path = call.path.replace('{version}', call.versions?.[0] ?? '');
  const root = parseXml((await ask(rig.simulator, path, { post: true, params: call.params })).text);
  const names = (nodes: readonly Node[]): Set<string> =>
    new Set(nodes.flatMap(({ children }) => children.map((one) => one.name)));
  const outer = all(root, format.record.split('/').at(-1)!);
  if (format.inner === undefined) return { record: names(outer), context: new Set<string>() };
  const { list, element } = format.inner;
  const context = names(outer);
  context.delete(list);
  return { record: names(outer.flatMap((one) => all(one, element))), context };
}
