/** The messages of a venue's stream, `tickets/{venue}`. Times are ISO 8601 in UTC. */

/** Why a code was not let in. */
export type RejectReason = "not_activated" | "duplicate";

export type TicketEvent =
  | {
      readonly type: "ticket.created";
      readonly at: string;
      readonly id: string;
      readonly qrCode: string;
      readonly ticketType: string;
    }
  | {
      readonly type: "ticket.activated";
      readonly at: string;
      readonly qrCode: string;
      readonly companyId: string;
      /** For those who follow the stream: companies are not renamed. */
      readonly company: string;
    }
  | {
      readonly type: "ticket.validated";
      readonly at: string;
      readonly qrCode: string;
      readonly scannerLocation?: string;
    }
  | {
      readonly type: "ticket.scan_rejected";
      readonly at: string;
      readonly qrCode: string;
      readonly reason: RejectReason;
      readonly scannerLocation?: string;
    }
  | { readonly type: "ticket.deleted"; readonly at: string; readonly qrCode: string }
  | {
      readonly type: "company.created";
      readonly at: string;
      readonly id: string;
      readonly name: string;
      /** SHA-256 of the company's key, in hex: the key itself is stored nowhere. */
      readonly keyHash: string;
    }
  | {
      readonly type: "company.key_rotated";
      readonly at: string;
      readonly id: string;
      readonly keyHash: string;
    }
  | { readonly type: "company.deactivated"; readonly at: string; readonly id: string };
