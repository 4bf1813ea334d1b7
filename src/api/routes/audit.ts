import { z } from 'zod';
import { type AuditEntry, listAudit } from '../../accounts/audit.ts';
import { whoAsks } from '../access.ts';
import { ADMIN, isoTime, pageOf, paging, type Routes, time } from '../context.ts';
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
      const found = await listAudit(store, { before, limit, tenants: tenants === '*' ? undefined : tenants });
      const last = found.length === limit ? found.at(-1) : undefined;
      return { items: found.map(shown), next_cursor: last === undefined ? null : String(last.id) };
    },
  );
};

const shown = ({ id, at, before = null, after = null, ...entry }: AuditEntry): z.infer<typeof auditView> => ({
  ...entry,
  ...{ id: String(id), at: isoTime(at), before, after },
});
