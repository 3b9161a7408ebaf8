-- additive
ALTER TABLE "listing_push" ADD COLUMN "late_until" timestamp with time zone;