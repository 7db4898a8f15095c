(call_expression
  function: (identifir) @constructor) @acquire
