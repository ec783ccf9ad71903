using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.RegularExpressions;

/// <summary>One of the outermost alternatives of a regular expression.</summary>
/// <param name="Body">What it matches.</param>
/// <param name="IsAnchoredAtStart">Whether it begins with ^.</param>
/// <param name="IsAnchoredAtEnd">Whether it ends with $.</param>
internal sealed record RegexBranch(Expression Body, bool IsAnchoredAtStart, bool IsAnchoredAtEnd);
