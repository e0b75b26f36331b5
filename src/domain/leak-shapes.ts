/**
 * The shapes of secrets, one row each; a new kind of secret is a new row. Sources are the makers' own
 * documentation of their formats and the public rule sets of secret scanners.
 *
 * Every expression runs over hostile text of megabytes, so each begins with fixed characters, most of them only
 * where no letter stands before, and every repetition has a bound: attempts are few, and none is long.
 */

/** One kind of secret. */
export interface LeakShape {
  /** Stable and short, for tests and metrics. */
  kind: string;
  /** What to call it in a sentence. */
  words: string;
  /** Global. Its first group is the secret where the shape takes in more than that. */
  shape: RegExp;
  /** Has it a mark of its own? What has none must look random to count. */
  marked: boolean;
}

const marked = (kind: string, words: string, shape: RegExp): LeakShape => ({
  kind,
  words,
  shape,
  marked: true,
});
const unmarked = (kind: string, words: string, shape: RegExp): LeakShape => ({
  kind,
  words,
  shape,
  marked: false,
});

/** All shapes that are looked for. */
export const leakShapes: readonly LeakShape[] = [
  // The stateless installation token is `ghs_APPID_` and a JWT, about 520 characters with `.`, `_` and `-`
  // (GitHub changelog, 2026-04-24).
  marked("github_token", "a GitHub token", /(?<![A-Za-z0-9])gh[opsur]_[A-Za-z0-9._-]{30,1000}/g),
  marked("github_token", "a GitHub token", /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{36,255}/g),
  marked("anthropic_key", "an Anthropic key", /(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{24,300}/g),
  marked("webhook_secret", "a webhook secret", /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=_-]{24,200}/g),
  marked(
    "private_key",
    "a private key",
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S]){0,300}?([A-Za-z0-9+/]{40}(?:(?!-----END)[\s\S]){0,20000})/g,
  ),
  marked("aws_key", "an AWS key", /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])/g),
  unmarked(
    "aws_key",
    "an AWS key",
    /aws_?secret_?(?:access_?)?key["']?\s{0,5}(?:=>|=|:)\s{0,5}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
  ),
  marked("google_key", "a Google key", /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g),
  marked(
    "google_key",
    "a Google client secret",
    /(?<![A-Za-z0-9])GOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])/g,
  ),
  marked("google_key", "a Google token", /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{40,1000}/g),
  marked("slack_token", "a Slack token", /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{20,300}/g),
  marked(
    "slack_token",
    "a Slack webhook",
    /hooks\.slack\.com\/(?:services|workflows)\/[A-Z0-9]{8,15}\/[A-Z0-9]{8,15}\/[A-Za-z0-9]{20,50}/g,
  ),
  marked("stripe_key", "a Stripe key", /(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{20,250}/g),
  marked("npm_token", "an npm token", /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g),
  marked("pypi_token", "a PyPI token", /(?<![A-Za-z0-9])pypi-AgE[A-Za-z0-9_-]{50,1000}/g),
  marked("rubygems_key", "a RubyGems key", /(?<![A-Za-z0-9])rubygems_[a-f0-9]{48}(?![A-Za-z0-9])/g),
  marked(
    "gitlab_token",
    "a GitLab token",
    /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ft|cbt|ptt|soat)-[A-Za-z0-9_-]{20,300}/g,
  ),
  marked(
    "openai_key",
    "an OpenAI key",
    /(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}/g,
  ),
  marked("hugging_face_token", "a Hugging Face token", /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])/g),
  marked("sendgrid_key", "a SendGrid key", /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/g),
  marked("digitalocean_token", "a DigitalOcean token", /(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}/g),
  marked("docker_token", "a Docker token", /(?<![A-Za-z0-9])dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,100}/g),
  marked("vault_token", "a Vault token", /(?<![A-Za-z0-9])hv[bs]\.[A-Za-z0-9_-]{24,300}/g),
  marked("databricks_token", "a Databricks token", /(?<![A-Za-z0-9])dapi[a-f0-9]{32}(?![A-Za-z0-9])/g),
  marked("shopify_token", "a Shopify token", /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/g),
  marked("grafana_token", "a Grafana token", /(?<![A-Za-z0-9])gl(?:sa|c)_[A-Za-z0-9+/=_]{32,400}/g),
  marked(
    "telegram_token",
    "a Telegram token",
    /(?<![A-Za-z0-9])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g,
  ),
  marked("age_key", "an age key", /AGE-SECRET-KEY-1[0-9A-Z]{58}/g),
  marked("azure_key", "an Azure key", /(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{43,86}={1,2})/g),
  marked(
    "jwt",
    "a JSON Web Token",
    /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.(eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,2000})/g,
  ),
  unmarked("url_password", "a password in an address", /:\/\/[^\s:/@]{0,64}:([^\s/@:"'`]{10,200})@/g),
  unmarked(
    "assigned_secret",
    "a secret given as a value",
    /(?:passw(?:or)?d|passphrase|secret|token|api_?-?key|(?:access|auth|private|secret)_?-?key|credentials?)["'\]]{0,2}\s{0,8}(?::=|=>|=|:)\s{0,8}["'`]([^\s"'`]{16,200})["'`]/gi,
  ),
  unmarked(
    "assigned_secret",
    "a secret given as a value",
    /(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|(?:API|SECRET|ACCESS|PRIVATE|SIGNING|ENCRYPTION)_?KEY)[ \t]{0,4}=[ \t]{0,4}([A-Za-z0-9+/=_-]{16,200})(?![^\s])/g,
  ),
];
