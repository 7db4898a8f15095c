; A call of a constructor named New…Client…: `storage.NewClient(ctx)`, `NewAdminClient(ctx)`, `kafka.NewClient[T](cfg)`,
; `pd.NewClientWithContext(ctx, addrs)`. What goes on in lower case after Client (`NewClientset`) is another word.
; @acquire is the call, @constructor its name. Run on one top-level declaration at a time.

(call_expression
  function: [
    (identifier) @constructor
    (selector_expression field: (field_identifier) @constructor)
    (index_expression operand: (identifier) @constructor)
    (index_expression operand: (selector_expression field: (field_identifier) @constructor))
  ]
  (#match? @constructor "^New[A-Za-z0-9_]*Client([A-Z0-9_][A-Za-z0-9_]*)?$")) @acquire

; In brackets of its own: `(storage.NewClient)(ctx)`.
(call_expression
  function: (parenthesized_expression [
    (identifier) @constructor
    (selector_expression field: (field_identifier) @constructor)
  ])
  (#match? @constructor "^New[A-Za-z0-9_]*Client([A-Z0-9_][A-Za-z0-9_]*)?$")) @acquire

; With one argument the grammar takes `NewClient[T](x)` for a conversion.
(type_conversion_expression
  type: (generic_type
    type: [
      (type_identifier) @constructor
      (qualified_type name: (type_identifier) @constructor)
    ])
  (#match? @constructor "^New[A-Za-z0-9_]*Client([A-Z0-9_][A-Za-z0-9_]*)?$")) @acquire
