/**
 * A labelled issue as GitHub delivers it, cut down to what the service reads. The installation does not
 * exist, so that a delivery that gets in starts nothing.
 */

/** The payload of `issues.labeled`, with changes. */
export function labelled(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const mona = { login: "mona", id: 7, type: "User" };
  return {
    action: "labeled",
    label: { name: "agent" },
    issue: {
      id: 11,
      number: 1,
      title: "Add is wrong",
      body: "`add(1, 2)` gives 4.",
      state: "open",
      comments: 0,
      html_url: "https://github.com/acme/shop/issues/1",
      user: mona,
    },
    repository: {
      id: 21,
      name: "shop",
      private: true,
      archived: false,
      default_branch: "main",
      html_url: "https://github.com/acme/shop",
      owner: { login: "acme", id: 3, type: "Organization" },
    },
    sender: mona,
    installation: { id: 404_404 },
    ...changes,
  };
}
