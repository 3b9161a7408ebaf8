-- additive
CREATE TABLE "item" (
	"merchant_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"sku" text NOT NULL,
	"title" text DEFAULT '' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "item_merchant_id_item_id_pk" PRIMARY KEY("merchant_id","item_id"),
	CONSTRAINT "item_sku" UNIQUE("merchant_id","sku")
);
--> statement-breakpoint
CREATE TABLE "listing" (
	"merchant_id" uuid NOT NULL,
	"listing_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"channel_sku" text,
	"title" text DEFAULT '' NOT NULL,
	"publish_target" text,
	"tracked" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "listing_merchant_id_listing_id_pk" PRIMARY KEY("merchant_id","listing_id"),
	CONSTRAINT "listing_once" UNIQUE("merchant_id","connection_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "listing_component" (
	"merchant_id" uuid NOT NULL,
	"listing_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"qty_per" integer NOT NULL,
	"source" text DEFAULT 'sku' NOT NULL,
	CONSTRAINT "listing_component_merchant_id_listing_id_item_id_pk" PRIMARY KEY("merchant_id","listing_id","item_id"),
	CONSTRAINT "component_qty" CHECK ("listing_component"."qty_per" between 1 and 1000)
);
--> statement-breakpoint
CREATE TABLE "account_claim" (
	"platform" text NOT NULL,
	"external_account_id" text NOT NULL,
	"merchant_id" uuid NOT NULL,
	CONSTRAINT "account_claim_platform_external_account_id_pk" PRIMARY KEY("platform","external_account_id")
);
--> statement-breakpoint
CREATE TABLE "channel_account" (
	"merchant_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"platform" text NOT NULL,
	"external_account_id" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "channel_account_merchant_id_account_id_pk" PRIMARY KEY("merchant_id","account_id"),
	CONSTRAINT "account_once" UNIQUE("merchant_id","platform","external_account_id")
);
--> statement-breakpoint
CREATE TABLE "connection" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"connector" text NOT NULL,
	"label" text NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"status_reason" text,
	"write_mode" text DEFAULT 'on' NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"credentials" text NOT NULL,
	"endpoint_token" text,
	"orders_from" timestamp with time zone DEFAULT now() NOT NULL,
	"last_order_seen_at" timestamp with time zone,
	"last_success_at" timestamp with time zone,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "connection_merchant_id_connection_id_pk" PRIMARY KEY("merchant_id","connection_id"),
	CONSTRAINT "connection_status" CHECK ("connection"."status" in ('active','paused','reauth_required','disconnected')),
	CONSTRAINT "connection_write_mode" CHECK ("connection"."write_mode" in ('off','on'))
);
--> statement-breakpoint
CREATE TABLE "sync_cursor" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"stream" text NOT NULL,
	"value" text,
	"completed_from" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sync_cursor_merchant_id_connection_id_stream_pk" PRIMARY KEY("merchant_id","connection_id","stream")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoint" (
	"token_sha256" "bytea" PRIMARY KEY NOT NULL,
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "effect" (
	"merchant_id" uuid NOT NULL,
	"effect_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"intent" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"external_ref" text,
	"file_id" uuid,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "effect_merchant_id_effect_id_pk" PRIMARY KEY("merchant_id","effect_id"),
	CONSTRAINT "effect_once" UNIQUE("merchant_id","kind","dedupe_key"),
	CONSTRAINT "effect_kind" CHECK ("effect"."kind" in ('request','request_cancel','shipped','cancel')),
	CONSTRAINT "effect_state" CHECK ("effect"."state" in ('pending','sending','unknown','accepted','confirmed','unverifiable','refused','dead'))
);
--> statement-breakpoint
CREATE TABLE "fulfillment_order" (
	"merchant_id" uuid NOT NULL,
	"fulfillment_order_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"connection_id" uuid,
	"request_number" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"request_status" text DEFAULT 'unsubmitted' NOT NULL,
	"submitted_at" timestamp with time zone,
	"ack_due_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "fulfillment_order_merchant_id_fulfillment_order_id_pk" PRIMARY KEY("merchant_id","fulfillment_order_id"),
	CONSTRAINT "request_number_once" UNIQUE("merchant_id","request_number"),
	CONSTRAINT "fulfillment_status" CHECK ("fulfillment_order"."status" in ('open','in_progress','incomplete','closed','cancelled')),
	CONSTRAINT "fulfillment_request" CHECK ("fulfillment_order"."request_status" in ('unsubmitted','submitted','accepted','rejected','cancellation_requested','cancellation_accepted','cancellation_rejected','closed'))
);
--> statement-breakpoint
CREATE TABLE "fulfillment_order_line" (
	"merchant_id" uuid NOT NULL,
	"fulfillment_order_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"requested" integer NOT NULL,
	"rejected" integer DEFAULT 0 NOT NULL,
	"cancelled" integer DEFAULT 0 NOT NULL,
	"shipped" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "fulfillment_order_line_merchant_id_fulfillment_order_id_line_id_item_id_pk" PRIMARY KEY("merchant_id","fulfillment_order_id","line_id","item_id"),
	CONSTRAINT "fulfillment_line_qty" CHECK ("fulfillment_order_line"."requested" >= 0 and "fulfillment_order_line"."rejected" >= 0 and "fulfillment_order_line"."cancelled" >= 0 and "fulfillment_order_line"."shipped" >= 0)
);
--> statement-breakpoint
CREATE TABLE "partner_file" (
	"merchant_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"direction" text NOT NULL,
	"name" text NOT NULL,
	"size" integer NOT NULL,
	"sha256" "bytea" NOT NULL,
	"bytes" "bytea",
	"bytes_until" timestamp with time zone,
	"message_id" uuid,
	"sequence" integer,
	"state" text NOT NULL,
	"document" text,
	"summary" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "partner_file_merchant_id_file_id_pk" PRIMARY KEY("merchant_id","file_id"),
	CONSTRAINT "partner_file_direction" CHECK ("partner_file"."direction" in ('in','out')),
	CONSTRAINT "partner_file_state" CHECK ("partner_file"."state" in ('frozen','delivered','unverifiable','stored','applied','refused','duplicate'))
);
--> statement-breakpoint
CREATE TABLE "partner_file_issue" (
	"merchant_id" uuid NOT NULL,
	"file_id" uuid NOT NULL,
	"row" integer NOT NULL,
	"seq" integer NOT NULL,
	"severity" text NOT NULL,
	"field" text DEFAULT '' NOT NULL,
	"code" text NOT NULL,
	"message" text NOT NULL,
	CONSTRAINT "partner_file_issue_merchant_id_file_id_row_seq_pk" PRIMARY KEY("merchant_id","file_id","row","seq"),
	CONSTRAINT "issue_severity" CHECK ("partner_file_issue"."severity" in ('warning','error'))
);
--> statement-breakpoint
CREATE TABLE "shipment" (
	"merchant_id" uuid NOT NULL,
	"shipment_id" uuid NOT NULL,
	"fulfillment_order_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"partner_shipment_ref" text NOT NULL,
	"carrier" text NOT NULL,
	"tracking" text,
	"tracking_revision" integer DEFAULT 1 NOT NULL,
	"shipped_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shipment_merchant_id_shipment_id_pk" PRIMARY KEY("merchant_id","shipment_id"),
	CONSTRAINT "shipment_once" UNIQUE("merchant_id","fulfillment_order_id","partner_shipment_ref")
);
--> statement-breakpoint
CREATE TABLE "shipment_line" (
	"merchant_id" uuid NOT NULL,
	"shipment_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"qty" integer NOT NULL,
	CONSTRAINT "shipment_line_merchant_id_shipment_id_line_id_item_id_pk" PRIMARY KEY("merchant_id","shipment_id","line_id","item_id"),
	CONSTRAINT "shipment_line_qty" CHECK ("shipment_line"."qty" > 0)
);
--> statement-breakpoint
CREATE TABLE "inbox_body" (
	"merchant_id" uuid NOT NULL,
	"received_on" date NOT NULL,
	"message_id" uuid NOT NULL,
	"headers" jsonb NOT NULL,
	"sha256" "bytea" NOT NULL,
	"bytes" "bytea",
	CONSTRAINT "inbox_body_merchant_id_received_on_message_id_pk" PRIMARY KEY("merchant_id","received_on","message_id")
) PARTITION BY RANGE ("received_on");
--> statement-breakpoint
CREATE TABLE "inbox_message" (
	"merchant_id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"source" text NOT NULL,
	"topic" text DEFAULT '' NOT NULL,
	"dedupe_key" text,
	"subject_ref" text,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"reason" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_message_merchant_id_message_id_pk" PRIMARY KEY("merchant_id","message_id"),
	CONSTRAINT "inbox_source" CHECK ("inbox_message"."source" in ('webhook','poll','file','fetch')),
	CONSTRAINT "inbox_state" CHECK ("inbox_message"."state" in ('pending','applied','superseded','ignored','dead')),
	CONSTRAINT "inbox_reason" CHECK (("inbox_message"."state" in ('ignored','dead')) = ("inbox_message"."reason" is not null))
);
--> statement-breakpoint
CREATE TABLE "inventory_level" (
	"merchant_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"on_hand" integer NOT NULL,
	"reserved" integer DEFAULT 0 NOT NULL,
	"unavailable" integer DEFAULT 0 NOT NULL,
	"counted_at" timestamp with time zone,
	CONSTRAINT "inventory_level_merchant_id_item_id_location_id_pk" PRIMARY KEY("merchant_id","item_id","location_id"),
	CONSTRAINT "level_law" CHECK ("inventory_level"."reserved" >= 0 and "inventory_level"."unavailable" >= 0 and "inventory_level"."reserved" + "inventory_level"."unavailable" <= "inventory_level"."on_hand")
) WITH (fillfactor = 50);
--> statement-breakpoint
CREATE TABLE "inventory_movement" (
	"merchant_id" uuid NOT NULL,
	"version" bigint NOT NULL,
	"seq" integer NOT NULL,
	"item_id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"on_hand_delta" integer NOT NULL,
	"reserved_delta" integer NOT NULL,
	"cause_kind" text NOT NULL,
	"cause_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inventory_movement_merchant_id_version_seq_pk" PRIMARY KEY("merchant_id","version","seq"),
	CONSTRAINT "movement_kind" CHECK ("inventory_movement"."kind" in ('adjust','count','found','receive','reserve','release','ship'))
);
--> statement-breakpoint
CREATE TABLE "listing_push" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"listing_id" uuid NOT NULL,
	"desired_version" bigint DEFAULT 0 NOT NULL,
	"sending_version" bigint,
	"sending_qty" integer,
	"pushed_version" bigint DEFAULT 0 NOT NULL,
	"pushed_qty" integer,
	"confirmed_version" bigint DEFAULT 0 NOT NULL,
	"confirmed_qty" integer,
	"confirmed_at" timestamp with time zone,
	"base_qty" integer,
	"base_version" bigint DEFAULT 0 NOT NULL,
	"unseen" integer DEFAULT 0 NOT NULL,
	"unseen_since" timestamp with time zone,
	"recheck_at" timestamp with time zone,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	CONSTRAINT "listing_push_merchant_id_connection_id_listing_id_pk" PRIMARY KEY("merchant_id","connection_id","listing_id"),
	CONSTRAINT "push_order" CHECK ("listing_push"."confirmed_version" <= "listing_push"."pushed_version")
) WITH (fillfactor = 70);
--> statement-breakpoint
CREATE TABLE "listing_sale" (
	"merchant_id" uuid NOT NULL,
	"listing_id" uuid NOT NULL,
	"version" bigint NOT NULL,
	"qty" integer NOT NULL,
	CONSTRAINT "listing_sale_merchant_id_listing_id_version_pk" PRIMARY KEY("merchant_id","listing_id","version")
);
--> statement-breakpoint
CREATE TABLE "location" (
	"merchant_id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"kind" text DEFAULT 'warehouse' NOT NULL,
	"rank" integer NOT NULL,
	"connection_id" uuid,
	CONSTRAINT "location_merchant_id_location_id_pk" PRIMARY KEY("merchant_id","location_id"),
	CONSTRAINT "location_code" UNIQUE("merchant_id","code"),
	CONSTRAINT "location_kind" CHECK ("location"."kind" in ('warehouse','store','3pl'))
);
--> statement-breakpoint
CREATE TABLE "order_line_component" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"qty_per" integer NOT NULL,
	"need" integer NOT NULL,
	"short" integer DEFAULT 0 NOT NULL,
	"excess" integer DEFAULT 0 NOT NULL,
	"placed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "order_line_component_merchant_id_order_id_line_id_item_id_pk" PRIMARY KEY("merchant_id","order_id","line_id","item_id"),
	CONSTRAINT "component_law" CHECK ("order_line_component"."need" >= 0 and "order_line_component"."short" >= 0 and "order_line_component"."excess" >= 0)
);
--> statement-breakpoint
CREATE TABLE "push_cursor" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"seen_version" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "push_cursor_merchant_id_connection_id_pk" PRIMARY KEY("merchant_id","connection_id")
);
--> statement-breakpoint
CREATE TABLE "reservation" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line_id" uuid NOT NULL,
	"item_id" uuid NOT NULL,
	"location_id" uuid NOT NULL,
	"reserved" integer NOT NULL,
	"handed" integer DEFAULT 0 NOT NULL,
	"consumed" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "reservation_merchant_id_order_id_line_id_item_id_location_id_pk" PRIMARY KEY("merchant_id","order_id","line_id","item_id","location_id"),
	CONSTRAINT "reservation_qty" CHECK ("reservation"."reserved" >= 0 and "reservation"."consumed" >= 0 and "reservation"."handed" between 0 and "reservation"."reserved")
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE TABLE "stock_change" (
	"merchant_id" uuid NOT NULL,
	"version" bigint NOT NULL,
	"item_ids" uuid[] NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stock_change_merchant_id_version_pk" PRIMARY KEY("merchant_id","version")
);
--> statement-breakpoint
CREATE TABLE "stock_clock" (
	"merchant_id" uuid PRIMARY KEY NOT NULL,
	"version" bigint DEFAULT 0 NOT NULL
) WITH (fillfactor = 10);
--> statement-breakpoint
CREATE TABLE "exception" (
	"merchant_id" uuid NOT NULL,
	"exception_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"raised_at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone,
	CONSTRAINT "exception_merchant_id_exception_id_pk" PRIMARY KEY("merchant_id","exception_id")
);
--> statement-breakpoint
CREATE TABLE "timeline_event" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"event_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"actor" text NOT NULL,
	"cause_kind" text NOT NULL,
	"cause_id" uuid NOT NULL,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "timeline_event_merchant_id_order_id_at_event_id_pk" PRIMARY KEY("merchant_id","order_id","at","event_id")
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "api_key" (
	"key_id" text PRIMARY KEY NOT NULL,
	"merchant_id" uuid NOT NULL,
	"secret_sha256" "bytea" NOT NULL,
	"label" text NOT NULL,
	"scopes" text[] DEFAULT '{}' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "merchant" (
	"merchant_id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"ships_partially" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "order_line" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line_id" uuid NOT NULL,
	"external_line_id" text NOT NULL,
	"listing_id" uuid,
	"sku_sold" text,
	"title" text NOT NULL,
	"qty_ordered" integer NOT NULL,
	"qty_cancelled" integer DEFAULT 0 NOT NULL,
	"channel_took" integer DEFAULT 0 NOT NULL,
	"physical" boolean DEFAULT true NOT NULL,
	"total_minor" bigint NOT NULL,
	"unit_price" numeric(20, 8),
	CONSTRAINT "order_line_merchant_id_order_id_line_id_pk" PRIMARY KEY("merchant_id","order_id","line_id"),
	CONSTRAINT "line_once" UNIQUE("merchant_id","order_id","external_line_id"),
	CONSTRAINT "line_qty" CHECK ("order_line"."qty_ordered" >= 0 and "order_line"."qty_cancelled" between 0 and "order_line"."qty_ordered")
);
--> statement-breakpoint
CREATE TABLE "order_number" (
	"merchant_id" uuid NOT NULL,
	"normalised" text NOT NULL,
	"order_id" uuid NOT NULL,
	"kind" text NOT NULL,
	CONSTRAINT "order_number_merchant_id_normalised_order_id_pk" PRIMARY KEY("merchant_id","normalised","order_id")
);
--> statement-breakpoint
CREATE TABLE "order_person" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"role" text NOT NULL,
	"data" jsonb,
	"erased_at" timestamp with time zone,
	CONSTRAINT "order_person_merchant_id_order_id_role_pk" PRIMARY KEY("merchant_id","order_id","role"),
	CONSTRAINT "person_role" CHECK ("order_person"."role" in ('ship_to','bill_to','buyer','note'))
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"external_number" text NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"content_sha256" "bytea" NOT NULL,
	"fetched_at" timestamp with time zone,
	"placed_at" timestamp with time zone NOT NULL,
	"imported_at" timestamp with time zone DEFAULT now() NOT NULL,
	"currency" text NOT NULL,
	"total_minor" bigint NOT NULL,
	"shop_currency" text NOT NULL,
	"shop_total_minor" bigint NOT NULL,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"money_delta_minor" bigint DEFAULT 0 NOT NULL,
	"cancelled_at" timestamp with time zone,
	"is_test" boolean DEFAULT false NOT NULL,
	"hold" text,
	"remote_status" text NOT NULL,
	"shipping_service" text,
	CONSTRAINT "orders_merchant_id_order_id_pk" PRIMARY KEY("merchant_id","order_id"),
	CONSTRAINT "order_once" UNIQUE("merchant_id","account_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "lane" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"served_at" timestamp with time zone DEFAULT '-infinity' NOT NULL,
	"lease_token" uuid,
	"lease_until" timestamp with time zone DEFAULT '-infinity' NOT NULL,
	CONSTRAINT "lane_merchant_id_connection_id_kind_pk" PRIMARY KEY("merchant_id","connection_id","kind")
) WITH (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE "listing_component" ADD CONSTRAINT "listing_component_merchant_id_listing_id_listing_merchant_id_listing_id_fk" FOREIGN KEY ("merchant_id","listing_id") REFERENCES "public"."listing"("merchant_id","listing_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listing_component" ADD CONSTRAINT "listing_component_merchant_id_item_id_item_merchant_id_item_id_fk" FOREIGN KEY ("merchant_id","item_id") REFERENCES "public"."item"("merchant_id","item_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "fulfillment_order_line" ADD CONSTRAINT "fulfillment_order_line_merchant_id_fulfillment_order_id_fulfillment_order_merchant_id_fulfillment_order_id_fk" FOREIGN KEY ("merchant_id","fulfillment_order_id") REFERENCES "public"."fulfillment_order"("merchant_id","fulfillment_order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "partner_file_issue" ADD CONSTRAINT "partner_file_issue_merchant_id_file_id_partner_file_merchant_id_file_id_fk" FOREIGN KEY ("merchant_id","file_id") REFERENCES "public"."partner_file"("merchant_id","file_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shipment_line" ADD CONSTRAINT "shipment_line_merchant_id_shipment_id_shipment_merchant_id_shipment_id_fk" FOREIGN KEY ("merchant_id","shipment_id") REFERENCES "public"."shipment"("merchant_id","shipment_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_line" ADD CONSTRAINT "order_line_merchant_id_order_id_orders_merchant_id_order_id_fk" FOREIGN KEY ("merchant_id","order_id") REFERENCES "public"."orders"("merchant_id","order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_person" ADD CONSTRAINT "order_person_merchant_id_order_id_orders_merchant_id_order_id_fk" FOREIGN KEY ("merchant_id","order_id") REFERENCES "public"."orders"("merchant_id","order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "listing_of_sku" ON "listing" USING btree ("merchant_id","channel_sku");--> statement-breakpoint
CREATE INDEX "listing_of_item" ON "listing_component" USING btree ("merchant_id","item_id","listing_id");--> statement-breakpoint
CREATE INDEX "connection_of_account" ON "connection" USING btree ("merchant_id","account_id");--> statement-breakpoint
CREATE INDEX "effect_due" ON "effect" USING btree ("merchant_id","connection_id","due_at") WHERE "effect"."state" in ('pending','sending','unknown','accepted');--> statement-breakpoint
CREATE INDEX "effect_of_subject" ON "effect" USING btree ("merchant_id","subject_id");--> statement-breakpoint
CREATE INDEX "fulfillment_of_order" ON "fulfillment_order" USING btree ("merchant_id","order_id");--> statement-breakpoint
CREATE INDEX "fulfillment_page" ON "fulfillment_order" USING btree ("merchant_id","created_at" DESC NULLS LAST,"fulfillment_order_id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "partner_file_out" ON "partner_file" USING btree ("merchant_id","connection_id","name") WHERE "partner_file"."direction" = 'out';--> statement-breakpoint
CREATE INDEX "partner_file_page" ON "partner_file" USING btree ("merchant_id","created_at" DESC NULLS LAST,"file_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "shipment_of_order" ON "shipment" USING btree ("merchant_id","order_id");--> statement-breakpoint
CREATE INDEX "shipment_page" ON "shipment" USING btree ("merchant_id","created_at" DESC NULLS LAST,"shipment_id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "inbox_once" ON "inbox_message" USING btree ("merchant_id","connection_id","dedupe_key") WHERE "inbox_message"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX "inbox_pending" ON "inbox_message" USING btree ("merchant_id","connection_id","due_at","message_id") WHERE "inbox_message"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "inbox_page" ON "inbox_message" USING btree ("merchant_id","received_at" DESC NULLS LAST,"message_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "movement_of_item" ON "inventory_movement" USING btree ("merchant_id","item_id","version");--> statement-breakpoint
CREATE INDEX "listing_behind" ON "listing_push" USING btree ("merchant_id","connection_id","due_at") WHERE "listing_push"."desired_version" > "listing_push"."confirmed_version";--> statement-breakpoint
CREATE INDEX "listing_recheck" ON "listing_push" USING btree ("merchant_id","connection_id","recheck_at") WHERE "listing_push"."recheck_at" is not null;--> statement-breakpoint
CREATE INDEX "component_short" ON "order_line_component" USING btree ("merchant_id","item_id","placed_at") WHERE "order_line_component"."short" > 0;--> statement-breakpoint
CREATE INDEX "reservation_of_level" ON "reservation" USING btree ("merchant_id","item_id","location_id") WHERE "reservation"."reserved" > 0;--> statement-breakpoint
CREATE UNIQUE INDEX "exception_open" ON "exception" USING btree ("merchant_id","dedupe_key") WHERE "exception"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "exception_page" ON "exception" USING btree ("merchant_id","raised_at" DESC NULLS LAST,"exception_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "exception_of_subject" ON "exception" USING btree ("merchant_id","subject_id");--> statement-breakpoint
CREATE INDEX "line_of_listing" ON "order_line" USING btree ("merchant_id","listing_id");--> statement-breakpoint
CREATE INDEX "orders_page" ON "orders" USING btree ("merchant_id","placed_at" DESC NULLS LAST,"order_id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "lane_due" ON "lane" USING btree ("kind","due_at");