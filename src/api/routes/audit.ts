import { z } from 'zod';
import { type AuditEntry, countAudit, listAudit } from '../../accounts/audit.ts';
import { whoAsks } from '../access.ts';
import { ADMIN, isoTime, MOST_COUNTED, pageOf, paging, type Routes, time, totalOf } from '../context.ts';
import { numbersOf } from '../lists.ts';

const auditView = z
  .object({
    id: z.string(),
    at: time.nullable(),
    actor: z.string(),
    address: z.string(),
    action: z.string(),
    target: z.string(),
    tenant: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'AuditEntry' });

/** Who did what: the newest first. Administrators of some tenants see what concerns those. */
export const auditRoutes: Routes = (app, { accounts: { store } }) => {
  app.get(
    '/api/v1/audit',
    {
      config: ADMIN,
      schema: {
        summary: 'What was changed, by whom and from where',
        tags: ['audit'],
        querystring: z.object(paging),
        response: { 200: pageOf(auditView) },
      },
    },
    async (request) => {
      const { tenants } = whoAsks(request);
      const { limit, cursor } = request.query;
      const [before] = numbersOf(cursor, 1) ?? [];
      const own = tenants === '*' ? undefined : tenants;
      const found = await listAudit(store, { before, limit, tenants: own });
      const last = found.length === limit ? found.at(-1) : undefined;
      const counted = await countAudit(store, own, MOST_COUNTED + 1);
      return { items: found.map(shown), next_cursor: last === undefined ? null : String(last.id), ...totalOf(counted) };
    },
  );
};

const shown = ({ id, at, before = null, after = null, ...entry }: AuditEntry): z.infer<typeof auditView> => ({
  ...entry,
  ...{ id: String(id), at: isoTime(at), before, after },
});
