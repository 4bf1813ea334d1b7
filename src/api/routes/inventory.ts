import { z } from 'zod';
import { DEFAULT_POLICY } from '../../inventory/policy.ts';
import { type View, viewsOf } from '../../inventory/views.ts';
import { type Routes, VIEWER } from '../context.ts';

const viewView = z
  .object({
    name: z.string(),
    title: z.string(),
    about: z.string(),
    sources: z.array(z.string()),
    empty: z.string().optional().meta({ description: 'Why it is empty, where it always is.' }),
    columns: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['text', 'number', 'time', 'boolean', 'list']),
        sortable: z.boolean(),
        searchable: z.boolean(),
        about: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'View' });

/** The inventory: what can be asked of it. */
export const inventoryRoutes: Routes = (app, { service }) => {
  app.get(
    '/api/v1/inventory/views',
    {
      config: VIEWER,
      schema: {
        summary: 'Views of the inventory, with their columns',
        tags: ['inventory'],
        response: { 200: z.object({ items: z.array(viewView), next_cursor: z.null() }) },
      },
    },
    () => {
      const views = viewsOf({ policy: DEFAULT_POLICY, now: service.clock.now() });
      return { items: [...views.values()].map(shown), next_cursor: null };
    },
  );
};

const shown = ({ name, title, about, sources, columns, empty }: View): z.infer<typeof viewView> => ({
  ...{ name, title, about, sources: [...sources] },
  ...(empty === undefined ? {} : { empty }),
  columns: columns.map(({ name: column, type, sortable, searchable, about: what }) => ({
    ...{ name: column, type, sortable, searchable },
    ...(what === undefined ? {} : { about: what }),
  })),
});
