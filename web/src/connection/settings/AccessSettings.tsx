import { Group, NumberInput, PasswordInput, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import { words } from '../../parts/format.ts';
import { isSection, type Section, valueAt, withValue } from './section.ts';

interface AccessSettingsProps {
  readonly section: Section;
  /** Secrets that are set, by path. */
  readonly secrets: readonly string[];
  /** New secrets by path, as they are typed. */
  readonly changed: Readonly<Record<string, string>>;
  readonly disabled: boolean;
  readonly onChange: (section: Section) => void;
  readonly onSecret: (path: string, value: string) => void;
}

/** Who signs in, the way there, and what is left out on it. */
export function AccessSettings(props: AccessSettingsProps) {
  const { section, secrets, changed, disabled, onChange, onSecret } = props;
  const set = (path: string, value: unknown): void => onChange(withValue(section, path, value));
  const field = (path: string) => ({
    disabled,
    value: String(valueAt(section, path) ?? ''),
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) => set(path, value),
  });
  const client = ['oidc', 'oauth', 'identity_provider'].find((name) => isSection(section[name]));
  const passwords = [...secrets, ...(valueAt(section, 'proxy.url') === undefined ? [] : ['proxy.password'])];
  return (
    <Stack>
      {'username' in section && <TextInput label="User name" autoComplete="off" {...field('username')} />}
      {client !== undefined && <TextInput label="Client id" autoComplete="off" {...field(`${client}.client_id`)} />}
      {[...new Set(passwords)].map((path) => (
        <PasswordInput
          key={path}
          label={`New ${words(path.replace('.', ' ')).toLowerCase()}`}
          description={secrets.includes(path) ? 'Stays as it is when empty' : undefined}
          autoComplete="new-password"
          disabled={disabled}
          value={changed[path] ?? ''}
          visibilityToggleButtonProps={{ 'aria-label': 'Show it' }}
          onChange={({ currentTarget: { value } }) => onSecret(path, value)}
        />
      ))}
      <Switch
        label="Check the server's certificate"
        disabled={disabled}
        checked={valueAt(section, 'tls.verify') !== false}
        onChange={({ currentTarget: { checked } }) => set('tls.verify', checked ? undefined : false)}
      />
      <Textarea
        label="Certificate authorities"
        description="PEM text of those to trust besides the usual ones"
        placeholder="-----BEGIN CERTIFICATE-----"
        autosize
        minRows={2}
        maxRows={8}
        classNames={{ input: 'mono' }}
        {...field('tls.ca')}
      />
      <Group grow>
        <TextInput label="HTTPS proxy" placeholder="http://proxy.example.com:3128" {...field('proxy.url')} />
        <TextInput label="Proxy user name" autoComplete="off" {...field('proxy.username')} />
      </Group>
      <TagsInput
        label="Only hosts with these tags"
        description="Names of Qualys tags; all hosts, when empty"
        disabled={disabled}
        value={Array.isArray(section['tags_include']) ? section['tags_include'].map(String) : []}
        onChange={(tags) => set('tags_include', tags)}
      />
      <NumberInput
        label="Requests per hour"
        description="Only for the Global Asset Inventory API; unlimited, when empty"
        min={1}
        allowDecimal={false}
        disabled={disabled}
        value={typeof section['requests_per_hour'] === 'number' ? section['requests_per_hour'] : ''}
        onChange={(value) => set('requests_per_hour', typeof value === 'number' ? value : undefined)}
      />
    </Stack>
  );
}
