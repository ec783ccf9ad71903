using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Teachers;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Writes what a teacher says of the targets of files.</summary>
internal static class TeacherRecording
{
    /// <summary>Runs the request.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(TeacherRecordingRequest request)
    {
        using var interruption = new Interruption();
        if (string.Join("; ", Distillation.Faults(weight: 1, request.Temperature)) is { Length: > 0 } faults)
            throw new ArgumentException(faults);
        if (Directory.Exists(request.Output))
            throw new IOException($"{request.Output}: expected a file, it is a folder");
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        using var data = FinetuningData.Read(request.Examples, request.Data, tokenizer, interruption.Token);
        var device = SharedOptions.ResolveDevice(request.Device);
        using var loaded = LoadedTeacher.FromPretrained(request.Model, new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(request.DType, device) }, request.Temperature);
        var written = StoredTeacherWriter.Write(request.Output, loaded.Teacher, data.Examples, VocabularyHash.Of(tokenizer), request.Options, interruption.Token);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{written.Examples} examples, {written.Targets} targets; the {request.Options.TopK} likeliest tokens have {written.Share:P2} of the teacher's probability"));
        Console.WriteLine(request.Output);
        return ExitCode.Done;
    }
}
