import { MultiSelect, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { words } from '../../parts/format.ts';

/** What the catalogue says of an option. */
export interface OptionSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly items?: OptionSchema;
  readonly anyOf?: readonly OptionSchema[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
}

interface SchemaFieldProps {
  readonly name: string;
  readonly schema: OptionSchema;
  readonly value: unknown;
  readonly disabled: boolean;
  readonly onChange: (value: unknown) => void;
}

const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** One option of a data set, as its schema says it is; nothing chosen means the default. */
export function SchemaField({ name, schema, value, disabled, onChange }: SchemaFieldProps) {
  // What may be a text or a list is typed as a text here.
  const text = schema.anyOf?.find((one) => one.type === 'string' && one.enum === undefined);
  const { type = text?.type, description, items, pattern = text?.pattern } = schema;
  const usual = schema.default;
  const common = { label: words(name), description, disabled };
  const placeholder = usual === undefined ? '' : `${listed(usual).join(', ') || String(usual)} (default)`;
  if (type === 'boolean')
    return (
      <Switch
        {...common}
        checked={(value ?? usual ?? false) === true}
        onChange={({ currentTarget: { checked } }) => onChange(checked === (usual ?? false) ? undefined : checked)}
      />
    );
  if (schema.enum !== undefined)
    return (
      <Select
        {...common}
        clearable
        data={schema.enum}
        placeholder={placeholder}
        value={typeof value === 'string' ? value : null}
        onChange={(next) => onChange(next ?? undefined)}
      />
    );
  if (type === 'array' && items?.enum !== undefined)
    return (
      <MultiSelect
        {...common}
        clearable
        data={items.enum}
        placeholder={listed(value).length === 0 ? placeholder : ''}
        value={listed(value)}
        onChange={onChange}
      />
    );
  if (type === 'array')
    return (
      <TagsInput
        {...common}
        placeholder={listed(value).length === 0 ? placeholder : ''}
        value={listed(value)}
        onChange={(next) => onChange(items?.type === 'integer' ? next.map(Number) : next)}
      />
    );
  const typed = value === undefined ? '' : String(value);
  const wrong = pattern !== undefined && typed !== '' && !new RegExp(pattern).test(typed);
  return (
    <TextInput
      {...common}
      placeholder={placeholder}
      error={wrong ? 'It does not have this form.' : undefined}
      value={typed}
      onChange={({ currentTarget: { value: next } }) =>
        onChange(type !== 'string' && /^\d+$/.test(next) ? Number(next) : next)
      }
    />
  );
}
