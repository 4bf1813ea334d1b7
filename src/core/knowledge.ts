/** CVSS as Qualys says it; a score from 0 to 10. */
export interface Cvss {
  readonly base: number | null;
  readonly temporal: number | null;
  readonly vector: string | null;
}

/** What Qualys calls a real-time threat indicator: `{ id: 2, name: 'Exploit_Public' }`. */
export interface Threat {
  readonly id: number;
  readonly name: string;
}

/** What is known of a vulnerability. Texts are as Qualys sends them: solution, diagnosis and consequence are HTML. */
export interface KnowledgeEntry {
  readonly qid: number;
  /** Empty for a few at Qualys. */
  readonly title: string;
  /** Vulnerability, Potential Vulnerability, Vulnerability or Potential Vulnerability, Information Gathered. */
  readonly type: string;
  /** 1 (minimal) to 5 (urgent); 0 where Qualys says none. */
  readonly severity: number;
  readonly category: string | null;
  /** Qualys's last change of the entry, and its publication; ISO 8601 UTC. */
  readonly modified: string | null;
  readonly published: string | null;
  readonly patchable: boolean;
  /** The subscription has disabled it. */
  readonly disabled: boolean;
  /** It fails PCI; false, too, where Qualys does not say. */
  readonly pci: boolean;
  readonly cves: readonly string[];
  /** Null where CVSS scoring is off in the subscription, or the entry has none. */
  readonly cvss2: Cvss | null;
  readonly cvss3: Cvss | null;
  readonly solution: string | null;
  readonly diagnosis: string | null;
  readonly consequence: string | null;
  readonly threats: readonly Threat[];
}
