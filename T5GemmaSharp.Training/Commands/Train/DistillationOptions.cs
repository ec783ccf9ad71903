using System.CommandLine;
using T5GemmaSharp.Training.Finetuning;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of learning from a teacher.</summary>
internal static class DistillationOptions
{
    private static readonly Option<string?> Teacher = new("--teacher") { Description = "Folder of a T5Gemma, or of a decoder-only Gemma 2 (gemma2), with the same tokenizer, whose probabilities are learned: knowledge distillation.", HelpName = "DIR" };
    private static readonly Option<string?> Stored = new("--teacher-topk") { Description = "File of distill-targets, in place of --teacher: the likeliest tokens of a teacher for the same data, objective, lengths and seed, at its temperature.", HelpName = "FILE" };
    private static readonly Option<double?> Weight = NumberOption.Create<double>("--distill-weight", "Share a of the teacher in the loss, 0 to 1: a t^2 KL(teacher || model) + (1 - a) loss of the targets. Default 1.");
    private static readonly Option<double?> Temperature = NumberOption.Create<double>("--distill-temperature", "Divisor t of the logits of both, above 0, with --teacher. Default 1.");

    public static IReadOnlyList<Option> All { get; } = [Teacher, Stored, Weight, Temperature];

    public static DistillationRequest? Read(ParseResult result)
    {
        var (teacher, stored) = (result.GetValue(Teacher), result.GetValue(Stored));
        if (teacher is not null && stored is not null)
            throw new UsageException($"{Stored.Name}: expected without {Teacher.Name}, there is one teacher");
        if (stored is not null && result.GetValue(Temperature) is { } other)
            throw new UsageException($"{Temperature.Name}: expected without {Stored.Name}, whose file has the temperature of distill-targets --temperature, got {other}");
        if ((teacher ?? stored) is { } path)
            return new DistillationRequest(path, stored is not null, result.GetValue(Weight) ?? 1, result.GetValue(Temperature) ?? 1);
        var useless = ((Option[])[Weight, Temperature]).FirstOrDefault(option => result.GetResult(option) is { Implicit: false });
        return useless is null ? null : throw new UsageException($"{useless.Name}: expected with {Teacher.Name} or {Stored.Name}");
    }
}
