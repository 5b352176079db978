export const PLATFORM = Symbol('audit-export.platform');
export const AUDIT_SERVICES = Symbol('audit-export.services');
