/** A picture for each kind of source and destination. */
import {
  IconArrowsSplit,
  IconBoxMultiple,
  IconBrandElastic,
  IconCloudUpload,
  IconDatabase,
  IconFileText,
  IconHeartbeat,
  IconPackages,
  IconRouter,
  IconServer2,
  IconSettingsCheck,
  IconShield,
  IconTerminal2,
  IconWebhook,
  type TablerIcon,
} from '@tabler/icons-react';

const icons: Readonly<Record<string, TablerIcon>> = {
  syslog: IconServer2,
  beats: IconHeartbeat,
  webhook: IconWebhook,
  wallarm: IconShield,
  files: IconFileText,
  system: IconSettingsCheck,
  file: IconFileText,
  lines: IconTerminal2,
  tcp: IconTerminal2,
  datagrams: IconPackages,
  netflow: IconRouter,
  elasticsearch: IconBrandElastic,
  http: IconWebhook,
  lumberjack: IconArrowsSplit,
  store: IconDatabase,
  kafka: IconBoxMultiple,
  'kafka-source': IconBoxMultiple,
};

export function CardIcon({ card, size = 22 }: { readonly card: string; readonly size?: number }) {
  const Icon = icons[card] ?? IconCloudUpload;
  return <Icon size={size} stroke={1.5} aria-hidden style={{ flexShrink: 0 }} />;
}
