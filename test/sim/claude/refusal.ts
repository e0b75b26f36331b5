/**
 * How the simulated platform says no: a status, an error type and a message, in the platform's own body.
 * Thrown anywhere below a route and turned into an answer in one place; knows nothing of routes or state.
 */
import type { ErrorResponse } from "@anthropic-ai/sdk/resources/shared";

const types = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  503: "api_error",
  504: "timeout_error",
  529: "overloaded_error",
} as const;

/** Statuses the platform refuses with. */
export type RefusalStatus = keyof typeof types;

/** What a refusal carries besides status and message. */
export interface RefusalDetail {
  /** The platform's `details.error_code`, such as `environment_archived`. */
  code?: string;
  /** Sent as `retry-after`, in whole seconds. */
  retryAfterS?: number;
}

/** A request the simulator answers with an error. */
export class Refusal extends Error {
  readonly status: RefusalStatus;
  readonly detail: RefusalDetail;

  constructor(status: RefusalStatus, message: string, detail: RefusalDetail = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.detail = detail;
  }

  /** The platform's error body; `type` is missing from the SDK's list for some statuses, hence the wider type. */
  body(requestId: string): Omit<ErrorResponse, "error"> & { error: { type: string; message: string } } {
    const details = this.detail.code === undefined ? {} : { details: { error_code: this.detail.code } };
    const error = { type: types[this.status], message: this.message, ...details };
    return { type: "error", error, request_id: requestId };
  }

  headers(): Record<string, string> {
    return this.detail.retryAfterS === undefined ? {} : { "retry-after": String(this.detail.retryAfterS) };
  }
}

/** 400: the request itself is wrong. */
export const invalid = (message: string, code?: string): Refusal =>
  new Refusal(400, message, code === undefined ? {} : { code });

/** 404: no such thing. */
export const notFound = (what: string, id: string): Refusal => new Refusal(404, `${what} ${id} not found`);
