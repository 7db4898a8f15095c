//! Calls with something tied to the resource as receiver, argument or function.
//!
//! What the functions do that are called is `callees`'.

use crate::analysis::graph::known;
use crate::analysis::graph::scopes::{ParamIndex, VarOrigin};
use crate::analysis::placement::in_scope;
use crate::analysis::proof::ownership::{Owner, StoreTarget, place};
use crate::analysis::proof::parts;
use crate::analysis::proof::state::{Asked, Effect, Flow, Seen};
use crate::analysis::proof::tie::{Held, Tie, Value, join};
use crate::base::diagnostic::Verdict;
use crate::base::text::{Span, narrow};
use crate::go::facts;
use crate::go::facts::Tied;
use crate::go::facts::names;
use crate::go::project::package::FuncRef;
use crate::go::syntax::ast::*;
use crate::go::syntax::visit;
use crate::go::types::expressions::Callee;
use crate::go::types::members::{Lookup, Member, MethodRef};
use crate::go::types::plain::is_plain;
use crate::go::types::type_expr::Type;

/// Where a call's arguments come from.
pub(super) struct Arguments<'a> {
    pub exprs: &'a [Expr],
    held: Vec<Held>,
    spread: bool,
}

impl<'f, 'a> Flow<'f, 'a> {
    /// A call, to the values of its results.
    pub(crate) fn call(&mut self, call: &'a Call) -> Vec<Held> {
        if let Asked::Call { span, result, .. } = self.asked
            && span == call.span
        {
            self.value(&call.function);
            self.arguments(call);
            let types = self.types().database.results(&self.typing.callee(call));
            let mut results = vec![None; types.len().max(result + 1)];
            // What tells of it ends with it, and what is given beside it may have it inside.
            let database = self.types().database;
            let own = self.typing.called(call).is_some_and(|func| !database.is_dependency(&func.package));
            for (at, ty) in types.iter().enumerate() {
                let held = own && database.underlying_func(ty).is_none();
                let part = || self.types().part(&Value::of(Tie::Itself), ty).filter(|_| held);
                let tells = database.is_channel(ty);
                results[at] = if tells { Some(Value::of(Tie::Handle)) } else { part() };
            }
            results[result] = Some(Value::of(Tie::Itself));
            return results;
        }
        if let ExprKind::FuncLit(literal) = &call.function.unparen().kind {
            let arguments = self.arguments(call);
            self.bind(literal, &arguments);
            self.literal(literal);
            return self.typing.scopes.literal(literal).map_or_else(Vec::new, |body| self.given_by(body));
        }
        let callee = self.typing.callee(call);
        let selected = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => Some(&**operand),
            _ => None,
        };
        let receiver = selected.and_then(|operand| self.value(operand));
        let arguments = self.arguments(call);
        let function = match (&callee, selected) {
            (Callee::Method { .. } | Callee::Func { .. } | Callee::Builtin { .. }, _) => None,
            (_, None) => self.value(&call.function),
            (Callee::FuncValue(_), Some(_)) => receiver.clone(),
            _ => None,
        };
        if receiver.is_none() && function.is_none() && arguments.held.iter().all(Option::is_none) {
            return Vec::new();
        }
        match &callee {
            Callee::Builtin { name, .. } => self.builtin(call, name, &arguments),
            Callee::Conversion(_) => vec![arguments.held.into_iter().next().flatten()],
            Callee::FuncValue(_) => self.function_value(call, function, &callee, &arguments),
            Callee::Unknown { .. } if selected.is_none() => {
                self.function_value(call, function, &callee, &arguments)
            }
            Callee::Method { .. } | Callee::Func { .. } | Callee::Indexed { .. } | Callee::Unknown { .. } => {
                self.named(call, &callee, selected, receiver, arguments)
            }
        }
    }

    fn arguments(&mut self, call: &'a Call) -> Arguments<'a> {
        let held = match call.args.as_slice() {
            [one] if one.as_call().is_some() => self.list(&call.args, 2),
            args => args.iter().map(|arg| self.value(arg)).collect(),
        };
        Arguments { exprs: &call.args, held, spread: call.spread }
    }

    /// The parameters of a literal that is called with these arguments.
    fn bind(&mut self, literal: &'a FuncLit, arguments: &Arguments<'a>) {
        let Some(body) = self.typing.scopes.literal(literal) else { return };
        let last = literal.signature.params.len().saturating_sub(1);
        for (at, held) in arguments.held.iter().enumerate() {
            let Some(value) = held else { continue };
            let Some(var) = self.typing.scopes.param(body, ParamIndex::At(narrow(at.min(last)))) else {
                continue;
            };
            let variadic =
                matches!(self.typing.scopes.info(var).origin, VarOrigin::Param { variadic: true, .. });
            let value = if variadic && !arguments.spread { value.inside() } else { value.clone() };
            self.set(var, value, literal.body.span);
        }
    }

    fn builtin(&mut self, call: &'a Call, name: &str, arguments: &Arguments<'a>) -> Vec<Held> {
        match name {
            "append" => {
                let added = arguments.held.iter().skip(1).cloned().fold(None, join);
                // What is copied there is numbers: no memory is shared.
                let copied = arguments.spread && call.args.last().is_some_and(|arg| self.is_of_numbers(arg));
                let added = added.filter(|_| !copied);
                let whole = arguments.held.first().cloned().flatten();
                if let (Some(value), Some(first)) = (&added, call.args.first())
                    && !first.is_nil()
                {
                    self.appended(first, value.clone(), call.span);
                }
                vec![join(whole, added.map(|value| value.inside()))]
            }
            "copy" => {
                let copied = call.args.get(1).is_some_and(|arg| self.is_of_numbers(arg));
                if let (Some(Some(value)), Some(first)) = (arguments.held.get(1), call.args.first())
                    && !copied
                {
                    self.appended(first, value.clone(), call.span);
                }
                Vec::new()
            }
            "panic" if call.args.iter().all(|arg| self.typing.of(arg).is_error()) => Vec::new(),
            "panic" => {
                self.object(call.span, "handed to `panic`, and with that to whoever recovers");
                Vec::new()
            }
            "new" | "min" | "max" => vec![arguments.held.iter().cloned().fold(None, join)],
            _ => Vec::new(),
        }
    }

    /// Whether a slice or a text has nothing in it but numbers.
    fn is_of_numbers(&self, list: &Expr) -> bool {
        let types = self.types();
        match types.database.element(&self.typing.of(list)) {
            Some(element) => !types.shares(&element) && !types.can_take(&element),
            None => matches!(self.typing.of(list), Type::Basic(_)),
        }
    }

    /// The memory of the slice `target` gets the value, which may be seen wherever that slice is.
    fn appended(&mut self, target: &'a Expr, value: Value, span: Span) {
        match &target.unparen().kind {
            ExprKind::Composite { .. } => {}
            ExprKind::Call(call) => match self.typing.callee(call) {
                Callee::Conversion(_) | Callee::Builtin { .. } => {
                    match call.args.first().filter(|arg| !arg.is_nil()) {
                        Some(first) if call.name() != Some("make") => self.appended(first, value, span),
                        _ => {}
                    }
                }
                _ => self.object(span, "appended to a slice that may have come from elsewhere"),
            },
            _ => self.store(target, value, span),
        }
    }

    /// A call of a function that a variable or a field has.
    fn function_value(
        &mut self,
        call: &'a Call,
        function: Held,
        callee: &Callee,
        arguments: &Arguments<'a>,
    ) -> Vec<Held> {
        let literals = self.literals(&call.function);
        for literal in literals.iter().flatten() {
            self.bind(literal, arguments);
        }
        if literals.is_none() && arguments.held.iter().any(Option::is_some) {
            if let Some(functions) = self.typing.possible_functions(call) {
                return self.one_of(call, &functions, arguments);
            }
            self.object(call.span, "passed to a function value, which may be any function");
        }
        if let Some(literals) = literals {
            let bodies = literals.iter().filter_map(|literal| self.typing.scopes.literal(literal));
            let given: Vec<Vec<Held>> = bodies.map(|body| self.given_by(body)).collect();
            return merged(given);
        }
        if function.as_ref().is_some_and(|function| function.mute) {
            return Vec::new();
        }
        let held = arguments.held.iter().cloned().fold(function, join);
        self.by_type(callee, held.as_ref(), true)
    }

    /// All literals that a function value can be; `None` where it can be something else.
    pub(super) fn literals(&self, function: &Expr) -> Option<Vec<&'a FuncLit>> {
        let var = function.as_ident().and_then(|ident| self.typing.scopes.var(ident))?;
        if !matches!(
            self.typing.scopes.info(var).origin,
            VarOrigin::Value { .. } | VarOrigin::Declared { .. }
        ) {
            return None;
        }
        let given = self.typing.scopes.assigned(var);
        let literal = |value: &'a Expr| match &value.unparen().kind {
            ExprKind::FuncLit(literal) => Some(&**literal),
            _ => None,
        };
        let found: Option<Vec<_>> = given.iter().map(|given| literal(given.value)).collect();
        found.filter(|found| !found.is_empty())
    }

    fn one_of(&mut self, call: &'a Call, functions: &[FuncRef], arguments: &Arguments<'a>) -> Vec<Held> {
        let mut given = Vec::new();
        for func in functions {
            let inputs = self.inputs(func, None, arguments);
            let effect = self.context.effect(func, inputs);
            given.push(self.apply(call, func, effect, None, arguments));
        }
        merged(given)
    }

    /// Whether a call has a request for a server: `instances.Stop(ctx, &StopInstanceRequest{…})`.
    fn asks_server(&self, call: &Call) -> bool {
        call.args.iter().any(|arg| {
            let ty = self.typing.of(arg);
            let named = ty.pointee().named();
            named.is_some_and(|named| names::words().asks_server.iter().any(|end| named.name.ends_with(end)))
        })
    }

    /// Whether a release stands above the acquisition: it is of what its variable, one of the same body, held
    /// before.
    fn is_of_one_before(&self, call: &Call) -> bool {
        let Asked::Call { span, .. } = self.asked else { return false };
        let var = call.receiver().and_then(Expr::as_ident).and_then(|ident| self.typing.scopes.var(ident));
        var.is_some_and(|var| self.typing.scopes.info(var).body == self.root)
            && self.is_over(call.span, span.start)
    }

    /// A function or method with a name.
    fn named(
        &mut self,
        call: &'a Call,
        callee: &Callee,
        selected: Option<&'a Expr>,
        receiver: Held,
        arguments: Arguments<'a>,
    ) -> Vec<Held> {
        let name = call.name().unwrap_or_default();
        if let (Callee::Method { method, .. }, Some(value)) = (callee, &receiver) {
            let itself = value.tie == Tie::Itself || self.types().is_target(&method.receiver);
            if itself && self.context.is_release(name) && !self.asks_server(call) {
                if self.is_of_one_before(call) {
                    return Vec::new();
                }
                match self.context.repeatable {
                    true => self.step(call.span, "released here already, after which a release does nothing"),
                    false => self.object(call.span, "released here already"),
                }
                return Vec::new();
            }
        }
        if receiver.is_some() {
            self.lent_memory(&arguments);
        }
        if self.typing.is_fact(call, callee, &facts::looks) {
            self.bind_callbacks(&arguments, &Value::held());
            self.step(call.span, format!("`{name}` only looks at it"));
            return Vec::new();
        }
        let tied = Tied {
            receiver: receiver.is_some(),
            arguments: (0..arguments.held.len()).filter(|at| arguments.held[*at].is_some()).collect(),
        };
        if self.typing.is_fact(call, callee, &|package, name| facts::lends(package, name, &tied)) {
            self.bind_callbacks(&arguments, &Value::held());
            self.step(call.span, format!("`{name}` keeps nothing of it but in what it gives"));
            return self.lent(call, callee, receiver, &arguments);
        }
        let descriptors = &names::functions().descriptors;
        if receiver.is_some()
            && self.typing.is_fact(call, callee, &|package, name| descriptors.holds(package, name))
        {
            self.object(
                call.span,
                format!("`{name}` gives its descriptor, by which others may go on with it"),
            );
            return Vec::new();
        }
        if !tied.arguments.is_empty() && self.typing.ask(call, known::stores) == Some(true) {
            self.object(call.span, format!("stored by `{name}`"));
            return Vec::new();
        }
        if self.starts_group(callee, name, selected) {
            self.group(call);
            return Vec::new();
        }
        if is_of_test(callee, "Cleanup") {
            return self.at_test_end(call);
        }
        if is_of_test(callee, "Run") {
            return self.subtest(call, &arguments);
        }
        let func = callee.func().filter(|func| func.decl.has_body()).cloned();
        // What a method of the resource does with its own memory, it does with or without a release.
        let own_memory = |value: &Value| value.memory && value.tie == Tie::Handle;
        let only_memory = receiver.is_none() && arguments.held.iter().flatten().all(own_memory);
        if only_memory && func.is_none() && matches!(self.asked, Asked::Params) {
            return Vec::new();
        }
        let Some(value) = receiver else {
            return match func {
                Some(func) => self.reads(call, &func, None, selected, &arguments),
                None => self.unread(call, callee, "it"),
            };
        };
        let known = self.implementation(&value, selected, callee);
        // Behind an interface of the library's there may be something of the program's.
        let of_family = known
            .as_ref()
            .is_some_and(|method| !method.interface && self.types().is_family(&method.receiver));
        if value.tie != Tie::Holder || of_family || self.is_family(selected) {
            // What runs is the method of what is behind the interface, where that is known.
            let func = match &known {
                Some(method) if !method.interface => method.func.clone().filter(|func| func.decl.has_body()),
                _ => func,
            };
            return self.family(call, callee, value, selected, func, &arguments);
        }
        match known.and_then(|method| method.func).filter(|func| func.decl.has_body()) {
            Some(func) => self.reads(call, &func, Some(value), selected, &arguments),
            None => self.unread(call, callee, "a method of something with it inside"),
        }
    }

    fn is_family(&self, operand: Option<&Expr>) -> bool {
        let ty = operand.map(|operand| self.typing.of(operand));
        ty.is_some_and(|ty| self.types().is_family(&ty) && !self.types().database.is_interface(&ty))
    }

    /// The method that runs, where what is behind an interface is known.
    fn implementation(&self, value: &Value, operand: Option<&Expr>, callee: &Callee) -> Option<MethodRef> {
        let Callee::Method { method, .. } = callee else { return None };
        if !method.interface {
            return Some((**method).clone());
        }
        let ty = value.ty.clone().or_else(|| operand.map(|operand| self.typing.of(operand)))?;
        match self.types().database.find_member(&ty, &method.name) {
            Lookup::Member(Member::Method(found)) if !found.interface || self.types().is_family(&ty) => {
                Some(found)
            }
            _ => None,
        }
    }

    fn unread(&mut self, call: &Call, callee: &Callee, what: &str) -> Vec<Held> {
        let name = call.name().unwrap_or("a function").to_owned();
        let words = match callee {
            Callee::Method { method, .. } if method.interface => {
                format!("{what} goes to `{name}` of an interface, behind which may be anything")
            }
            _ => format!("{what} goes to `{name}`, whose source is not read"),
        };
        self.object(call.span, words);
        self.by_type(callee, Some(&Value::held()), true)
    }

    /// A method of the resource, or of something that it made.
    fn family(
        &mut self,
        call: &'a Call,
        callee: &Callee,
        value: Value,
        selected: Option<&'a Expr>,
        func: Option<FuncRef>,
        arguments: &Arguments<'a>,
    ) -> Vec<Held> {
        let name = call.name().unwrap_or_default();
        let is_function =
            |expr: &Expr| self.types().database.underlying_func(&self.typing.of(expr)).is_some();
        let kept = arguments.held.iter().zip(arguments.exprs).any(|(held, expr)| match held {
            Some(Value { tie: Tie::Handle, .. }) | None => false,
            Some(_) => !is_function(expr),
        });
        let own = func
            .as_ref()
            .is_some_and(|func| !self.types().database.locator().is_dependency(&func.package.dir));
        let served = |expr: &Expr| !is_plain(self.types().database, &self.typing.of(expr));
        let goes_on = names::words().subscribes.are_first_of(name) && arguments.exprs.iter().any(served);
        let lends = &names::functions().lends_memory;
        let lends = self.typing.is_fact(call, callee, &|package, name| lends.holds(package, name));
        let given = if lends { Value::memory() } else { Value::of(Tie::Handle) };
        self.bind_callbacks(arguments, &given);
        self.out_parameters(arguments);
        if goes_on {
            self.object(call.span, format!("`{name}` goes on with what it gets for as long as this is open"));
        }
        if own || kept {
            let Some(func) = func else { return self.unread(call, callee, "it") };
            let results = self.reads(call, &func, Some(value), selected, arguments);
            let results = self.with_its_parts(callee, &func, results);
            return self.with_its_life(callee, results);
        }
        // The error of a method of the library says what went wrong, and no more.
        let types = self.types().database.results(callee);
        let whole = Value { memory: value.memory || lends, ..value };
        let results = self.by_type(callee, Some(&whole), false).into_iter().zip(types);
        let results: Vec<Held> = results.map(|(held, ty)| held.filter(|_| !ty.is_error())).collect();
        let results = self.with_its_life(callee, results);
        let words = if results.iter().any(Option::is_some) {
            format!("`{name}` is called on it, and what that makes from it is followed as well")
        } else {
            format!("`{name}` is called on it, and gives nothing that could hold on to it")
        };
        self.step(call.span, words);
        results
    }

    /// What a method gives that its receiver has too, in a field that the release goes to: it is gone, or
    /// ended, with that.
    fn with_its_parts(&self, callee: &Callee, func: &FuncRef, mut results: Vec<Held>) -> Vec<Held> {
        let types = self.types().database.results(callee);
        for at in parts::given(self.types().database, self.types().target, func, &types) {
            results.resize(results.len().max(at + 1), None);
            let memory = Value::memory();
            results[at] = Some(Value { memory: true, ..results[at].take().unwrap_or(memory) });
        }
        results
    }

    /// A channel or a context that a method of the resource gives ends with it, whatever is in it.
    fn with_its_life(&self, callee: &Callee, mut results: Vec<Held>) -> Vec<Held> {
        for (at, ty) in self.types().database.results(callee).iter().enumerate() {
            let ends = ty.is_context() || self.types().database.is_channel(ty);
            results.resize(results.len().max(at + 1), None);
            if ends && results[at].is_none() {
                results[at] = Some(Value::of(Tie::Handle));
            }
        }
        results
    }

    /// `it.Next(&doc)`: what is filled in may hold on to the resource.
    fn out_parameters(&mut self, arguments: &Arguments<'a>) {
        for arg in arguments.exprs {
            let ExprKind::AddressOf(inner) = &arg.unparen().kind else { continue };
            let Some(var) = inner.as_ident().and_then(|ident| self.typing.scopes.var(ident)) else {
                continue;
            };
            let ty = self.typing.var(var).unwrap_or(Type::Nil);
            if !ty.is_error() && self.types().can_hold(&ty) {
                self.set(var, Value::of(Tie::Handle), arg.span);
            }
        }
    }

    /// `rows.Scan(&raw)`: memory that is somebody else's once what it comes from is released.
    fn lent_memory(&mut self, arguments: &Arguments<'a>) {
        for arg in arguments.exprs {
            let ExprKind::AddressOf(inner) = &arg.unparen().kind else { continue };
            if self.typing.of(inner).is_in(&names::types().lent_memory) {
                self.store(inner, Value::of(Tie::Handle), arg.span);
            }
        }
    }

    /// A callee whose source is there.
    fn reads(
        &mut self,
        call: &'a Call,
        func: &FuncRef,
        receiver: Held,
        selected: Option<&'a Expr>,
        arguments: &Arguments<'a>,
    ) -> Vec<Held> {
        let inputs = self.inputs(func, receiver, arguments);
        // Which of several definitions is built nobody knows.
        let mut given = Vec::new();
        for func in func.package.all_definitions(func) {
            let effect = self.context.effect(&func, inputs.clone());
            given.push(self.apply(call, &func, effect, selected, arguments));
        }
        merged(given)
    }

    /// Which parameters get what.
    fn inputs(&self, func: &FuncRef, receiver: Held, arguments: &Arguments<'a>) -> Vec<(ParamIndex, Value)> {
        let params = &func.decl.signature.params;
        let last = params.len().saturating_sub(1);
        let mut found: Vec<(ParamIndex, Value)> = Vec::new();
        found.extend(receiver.map(|value| (ParamIndex::Receiver, value)));
        for (at, held) in arguments.held.iter().enumerate() {
            let Some(value) = held else { continue };
            let index = ParamIndex::At(narrow(at.min(last)));
            let variadic = at >= last && params.last().is_some_and(|last| last.variadic);
            let value = if variadic && !arguments.spread { value.inside() } else { value.clone() };
            match found.iter_mut().find(|(known, _)| *known == index) {
                Some((_, known)) => *known = join(Some(known.clone()), Some(value)).unwrap_or(Value::held()),
                None => found.push((index, value)),
            }
        }
        found
    }

    /// What a callee did, applied here.
    fn apply(
        &mut self,
        call: &'a Call,
        func: &FuncRef,
        effect: Effect,
        selected: Option<&'a Expr>,
        arguments: &Arguments<'a>,
    ) -> Vec<Held> {
        let name = &func.decl.name.name;
        match effect.against {
            Some(against) => {
                let words = match effect.place.is_empty() {
                    true => against.words,
                    false => format!("`{name}`: {} ({})", against.words, effect.place),
                };
                let seen = match against.seen {
                    Seen::Through(index) => self.seen_through(func, index, selected, arguments),
                    seen => seen,
                };
                self.expose(call.span, seen, words);
            }
            None => self.step(call.span, format!("`{name}` lends it: its source keeps nothing of it")),
        }
        effect.results
    }

    /// Who sees what a callee stored in what it got here.
    fn seen_through(
        &self,
        func: &FuncRef,
        index: ParamIndex,
        selected: Option<&'a Expr>,
        arguments: &Arguments<'a>,
    ) -> Seen {
        let last = func.decl.signature.params.len().saturating_sub(1);
        let given = match index {
            ParamIndex::Receiver => selected,
            ParamIndex::At(at) if (at as usize) < last || arguments.exprs.len() <= last + 1 => {
                arguments.exprs.get(at as usize)
            }
            ParamIndex::At(_) => None,
        };
        match given.map(|given| place(self.typing, given)) {
            Some(StoreTarget::Global) => Seen::By(Verdict::Stored),
            Some(StoreTarget::In(var) | StoreTarget::Behind(var)) => {
                match self.ownership.owner(self.typing, self.root, var) {
                    Owner::Global => Seen::By(Verdict::Stored),
                    Owner::Param(index) => self.through(index),
                    _ => Seen::Unknown,
                }
            }
            _ => Seen::Unknown,
        }
    }

    /// The results that may hold on to a value, by their types.
    fn by_type(&self, callee: &Callee, whole: Option<&Value>, taken: bool) -> Vec<Held> {
        let Some(whole) = whole else { return Vec::new() };
        let types = self.types().database.results(callee);
        // What a function makes of an argument has it in itself.
        let around = Value::held();
        let tie = |ty: &Type| match taken && !self.types().is_family(ty) {
            true => self.types().part(&around, ty),
            false => self.types().part(whole, ty),
        };
        types.iter().map(tie).collect()
    }

    /// What a function gives that keeps its arguments nowhere else. An error may be one that something of the
    /// program's gave, but not one of the library's.
    fn lent(&self, call: &Call, callee: &Callee, receiver: Held, arguments: &Arguments<'a>) -> Vec<Held> {
        let wraps = call.name() == Some("Errorf");
        let gives_errors = |value: &Value| value.tie == Tie::Holder && !value.mute;
        let (mut held, mut errors) = (receiver.clone(), receiver.filter(gives_errors));
        for (arg, value) in arguments.exprs.iter().zip(&arguments.held) {
            let Some(value) = value else { continue };
            // Only errors are wrapped; of all else there are words. An error that something made from it gave
            // says what went wrong, and no more, whether its type is known or not.
            let ty = self.typing.of(arg);
            let is_absent = || matches!(self.types().database.find_member(&ty, "Error"), Lookup::Absent);
            if wraps && (value.tie == Tie::Handle || is_absent()) {
                continue;
            }
            held = join(held, Some(value.clone()));
            if !value.mute && (wraps || value.tie == Tie::Holder) {
                errors = join(errors, Some(value.clone()));
            }
        }
        if call.args.len() != arguments.held.len() {
            held = arguments.held.iter().cloned().fold(held, join);
            errors = held.clone();
        }
        let hands_on = &names::functions().hands_on_memory;
        let memory = held.as_ref().is_some_and(|held| held.memory)
            && self.typing.is_fact(call, callee, &|package, name| hands_on.holds(package, name));
        let types = self.types().database.results(callee);
        let whole = self.by_type(callee, held.as_ref(), true);
        let results = whole.into_iter().zip(types).map(|(value, ty)| {
            let value = value.filter(|_| !ty.is_error() || errors.is_some());
            let value = value.map(|value| Value { mute: value.mute || errors.is_none(), ..value });
            match memory && self.types().shares(&ty) {
                true => Some(Value { memory, ..value.unwrap_or(Value::memory()) }),
                false => value,
            }
        });
        results.collect()
    }

    /// `t.Cleanup(func() { … })` runs after all that is deferred, and before the clean-ups above it.
    fn at_test_end(&mut self, call: &'a Call) -> Vec<Held> {
        let test = match &call.function.unparen().kind {
            ExprKind::Selector { operand, .. } => {
                operand.as_ident().and_then(|ident| self.typing.scopes.var(ident))
            }
            _ => None,
        };
        let same = test == in_scope::test_var(self.typing.scopes, self.typing, self.root);
        match self.asked {
            Asked::Call { at, cleanup: true, .. } if same && call.span.start >= at => {
                self.step(call.span, "a clean-up uses it, which runs before the release above it");
            }
            _ => self.object(call.span, "a clean-up uses it, which runs after the function"),
        }
        Vec::new()
    }

    /// `t.Run(name, func(t *testing.T) { … })` is over when it returns, unless the subtest runs in parallel.
    fn subtest(&mut self, call: &'a Call, arguments: &Arguments<'a>) -> Vec<Held> {
        let (mut parallel, mut seen) = (false, true);
        for (arg, held) in arguments.exprs.iter().zip(&arguments.held) {
            match &arg.unparen().kind {
                ExprKind::FuncLit(literal) => visit::block(&literal.body, &mut |expr| {
                    parallel |= expr.as_call().is_some_and(|call| self.goes_parallel(call));
                }),
                _ => seen &= held.is_none(),
            }
        }
        if !seen {
            self.object(call.span, "used by a subtest that is not seen here");
        }
        if parallel && !matches!(self.asked, Asked::Call { cleanup: true, .. }) {
            self.object(call.span, "a subtest that runs in parallel goes on after the function");
        } else {
            self.step(call.span, "a subtest uses it, and is over before the release");
        }
        Vec::new()
    }

    /// Whether a call has the test that it is made on, or that it gets, go on in parallel with others.
    fn goes_parallel(&self, call: &Call) -> bool {
        let gets_test = || call.args.iter().any(|arg| self.typing.of(arg).is_in(&names::types().tests));
        let own = |func: &FuncRef| !self.types().database.is_dependency(&func.package);
        let calls_it = |func: FuncRef| {
            let mut found = false;
            if let Some(body) = func.decl.body() {
                visit::block(body, &mut |expr| {
                    found |= expr.as_call().is_some_and(|call| call.name() == Some("Parallel"));
                });
            }
            found
        };
        call.name() == Some("Parallel")
            || gets_test() && self.typing.called(call).filter(own).is_some_and(calls_it)
    }

    /// Whether the call of `name` starts its argument in a group, which is waited for: by the type whose
    /// method it is, also where that is not read.
    pub(crate) fn starts_group(&self, callee: &Callee, name: &str, operand: Option<&Expr>) -> bool {
        let types = match (callee, operand) {
            (Callee::Method { method, receiver }, _) => vec![method.receiver.clone(), receiver.clone()],
            (Callee::Unknown { .. }, Some(operand)) => vec![self.typing.of(operand)],
            _ => Vec::new(),
        };
        types.iter().filter_map(Type::named).any(|named| {
            let name = format!("{}.{name}", named.name);
            names::functions().runs_in_group.holds(&named.package, &name)
        })
    }
}

/// A method of `*testing.T` or the like.
fn is_of_test(callee: &Callee, name: &str) -> bool {
    matches!(callee, Callee::Method { method, receiver }
        if &*method.name == name && receiver.is_in(&names::types().tests))
}

/// Results that may be those of any of several functions.
fn merged(given: Vec<Vec<Held>>) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    for results in given {
        for (at, held) in results.into_iter().enumerate() {
            if all.len() <= at {
                all.push(None);
            }
            all[at] = join(all[at].take(), held);
        }
    }
    all
}
