import { Readable } from 'node:stream';
import { z } from 'zod';
import { exposureGraph } from '../../inventory/query/exposure-graph.ts';
import { vexDocument } from '../../inventory/query/vex.ts';
import { type Routes, VIEWER } from '../context.ts';
import { asked } from '../inventory-asked.ts';

/** Exports that are no view. */
export const exportRoutes: Routes = (app, api) => {
  app.get(
    '/api/v1/export/exposure-graph',
    {
      config: VIEWER,
      schema: {
        summary: 'Devices, CVEs and which affects which: nodes and edges as NDJSON, what was left out in the last line',
        tags: ['inventory'],
        querystring: z.object({ days: z.coerce.number().int().min(1).max(3650).default(90) }),
        produces: ['application/x-ndjson'],
      },
    },
    async (request, reply) => {
      const graph = exposureGraph(await asked(api, request), { days: request.query.days });
      async function* lines() {
        const summary = yield* asLines(graph);
        yield `${JSON.stringify({ kind: 'summary', ...summary })}\n`;
      }
      return reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(lines()));
    },
  );
  app.get(
    '/api/v1/export/vex',
    {
      config: VIEWER,
      schema: {
        summary: 'Which vulnerabilities stand how on which devices, as one CycloneDX 1.6 document (VEX)',
        tags: ['inventory'],
        produces: [VEX],
      },
    },
    async (request, reply) => reply.type(VEX).send(Readable.from(vexDocument(await asked(api, request)))),
  );
};

const VEX = 'application/vnd.cyclonedx+json; version=1.6';

async function* asLines<Summary>(graph: AsyncGenerator<unknown, Summary>): AsyncGenerator<string, Summary> {
  for (;;) {
    const next = await graph.next();
    if (next.done === true) return next.value;
    yield `${JSON.stringify(next.value)}\n`;
  }
}
